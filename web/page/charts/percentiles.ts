// percentiles: a distribution from its middle to its tail, each step right another nine.

import { formatNines, ninesTicks } from '../format/nines.ts';
import type { ChartKind } from './chart.ts';
import { extent } from './line.ts';
import { markLines } from './markers.ts';
import { buildPlot } from './plot.ts';

export const percentiles: ChartKind = {
  kind: 'percentiles',
  build: (chart, context) =>
    buildPlot(chart, context, {
      xFull: ({ x }) => extent(x),
      xTicks: ninesTicks,
      xLabels: (ticks) => ticks.map((tick) => formatNines(tick)),
      xText: formatNines,
      draw: (u) => markLines(u, context.styles, context.theme()),
    }),
};
