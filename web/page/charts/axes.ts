// The axes and scales of a plot: our ticks, our units, our ranges.

import type uPlot from 'uplot';

import type { ReportChart } from '../../../analysis/report/schema.ts';
import { axisTitle, tickLabels } from '../format/axis.ts';
import type { Range } from '../state.ts';
import type { ChartContext } from './chart.ts';
import type { PlotKind } from './plot-kind.ts';
import { linearRange, linearTicks, logRange, logTicks } from './scales.ts';

const LABEL_PX = 6.7; // mean width of a digit in the axis font
const LABEL_GAP_PX = 8;
const Y_AXIS_PX = 80; // about what is left of the plot

/** The chart, and where its log scale puts zero, if anywhere. */
export interface AxisContext {
  readonly chart: ReportChart;
  readonly context: ChartContext;
  readonly kind: PlotKind;
  readonly floor: number | undefined;
}

export function scalesOf(
  { chart, floor }: AxisContext,
  xRange: () => Range,
): Record<'x' | 'y', uPlot.Scale> {
  return {
    x: { time: false, distr: distribution(chart.x.scale), range: () => [...xRange()] },
    y: {
      distr: distribution(chart.y.scale),
      range: (_, min, max) =>
        chart.y.scale === 'log' ? logRange(min, max, floor) : linearRange(min, max),
    },
  };
}

/** uPlot's numbers for them; its const enum has no values at run time. */
function distribution(scale: 'linear' | 'log'): uPlot.Scale.Distr {
  // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- see above
  return scale === 'log' ? 3 : 1;
}

export function axesOf(of: AxisContext): uPlot.Axis[] {
  const { theme } = of.context;
  const font = `12px ${theme().font}`;
  const common: uPlot.Axis = {
    stroke: () => theme().muted,
    font,
    labelFont: font,
    grid: { stroke: () => theme().grid, width: 1 },
    ticks: { show: false },
    filter: (_, ticks) => ticks,
  };
  return [
    { ...common, ...xAxis(of) },
    { ...common, ...yAxis(of) },
  ];
}

function xAxis({ chart, kind }: AxisContext): uPlot.Axis {
  const log = chart.x.scale === 'log';
  const ticksOf = kind.xTicks ?? (log ? logTicks : linearTicks);
  const labels = (ticks: readonly number[], end: number): string[] =>
    kind.xLabels?.(ticks) ?? tickLabels(chart.x, ticks, end);
  const place = log ? Math.log : (x: number): number => x;
  return {
    size: 26,
    labelSize: 20,
    labelGap: 2,
    label: (u) => axisTitle(chart.x, u.scales.x.max ?? 1),
    splits: (u, _, min, max) => {
      const pixels = (u.width - Y_AXIS_PX) / (place(max) - place(min));
      const ticks = ticksOf(min, max);
      const texts = labels(ticks, max);
      return withRoom(ticks.map((x, i) => ({ x, at: place(x) * pixels, text: texts[i] })));
    },
    values: (u, ticks) => labels(ticks, u.scales.x.max ?? 1),
  };
}

function yAxis({ chart, floor }: AxisContext): uPlot.Axis {
  const ticksOf = chart.y.scale === 'log' ? logTicks : linearTicks;
  return {
    size: (_, labels) => 14 + LABEL_PX * Math.max(3, ...(labels ?? []).map(({ length }) => length)),
    splits: (_, __, min, max) => ticksOf(min, max),
    values: (u, ticks) =>
      tickLabels(chart.y, ticks, u.scales.y.max ?? 1).map((label, i) =>
        ticks[i] === floor ? '0' : label,
      ),
  };
}

interface Tick {
  readonly x: number;
  /** In pixels along the axis. */
  readonly at: number;
  readonly text: string;
}

/** The ticks whose labels do not run into each other; the highest has the first say. */
function withRoom(ticks: readonly Tick[]): number[] {
  const kept: Tick[] = [];
  for (const tick of ticks.toReversed()) {
    const next = kept.at(-1);
    const letters = (tick.text.length + (next?.text.length ?? 0)) / 2;
    if (next === undefined || next.at - tick.at >= letters * LABEL_PX + LABEL_GAP_PX)
      kept.push(tick);
  }
  return kept.map(({ x }) => x).toReversed();
}
