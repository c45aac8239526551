// line: how something goes over time or over a count.

import { markLines } from './markers.ts';
import type { ChartKind } from './chart.ts';
import { buildPlot } from './plot.ts';

export const line: ChartKind = {
  kind: 'line',
  build: (chart, context) =>
    buildPlot(chart, context, {
      xFull: ({ x }) => extent(x),
      draw: (u) => markLines(u, context.styles, context.theme()),
    }),
};

/** From the first to the last x; a single point gets room on both sides. */
export function extent(x: readonly number[]): [number, number] {
  if (x.length === 0) return [0, 1];
  const low = x[0];
  const high = x[x.length - 1];
  return low === high ? [low - 0.5, high + 0.5] : [low, high];
}
