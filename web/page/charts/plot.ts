// What every chart on a canvas shares: uPlot with our axes, cursor, zoom and keys. Kinds say what differs.
// Zoom is asked for, never done here: the page decides, so that charts with the same x move together.

import uPlot from 'uplot';

import type { ReportChart } from '../../../analysis/report/schema.ts';
import { axisTitle, tickLabels } from '../format/axis.ts';
import { formatValue } from '../format/values.ts';
import type { Range } from '../state.ts';
import { el } from '../dom.ts';
import { align, type AlignedSeries } from './align.ts';
import type { ChartContext, ChartView, Readout } from './chart.ts';
import { plotKeys } from './cursor.ts';
import { linearRange, linearTicks, logRange, logTicks } from './scales.ts';

/** What a kind adds to the common plot. */
export interface PlotKind {
  readonly xFull: (aligned: AlignedSeries) => Range;
  readonly xTicks?: (min: number, max: number) => number[];
  readonly xLabels?: (ticks: readonly number[]) => string[];
  readonly xText?: (x: number) => string;
  readonly series?: (index: number) => Partial<uPlot.Series>;
  readonly draw?: (u: uPlot) => void;
  readonly height?: number;
}

const HEIGHT = 260;
const LABEL_PX = 6.7; // mean width of a digit in the axis font

export function buildPlot(chart: ReportChart, context: ChartContext, kind: PlotKind): ChartView {
  const aligned = align(chart);
  const full = kind.xFull(aligned);
  let zoom: Range | undefined;
  let silent = false;
  const yTitle = el('div', { class: 'iot-y-title', 'aria-hidden': 'true' });
  context.host.append(yTitle);

  const readout = (u: uPlot, at: number): Readout => {
    const indexes = u.cursor.idxs ?? [];
    const x = aligned.x[at];
    return {
      at: x,
      x: kind.xText?.(x) ?? formatValue(x, chart.x.unit),
      values: aligned.values.map((column, i) => {
        const index = indexes[i + 1] ?? at;
        const value = column[index];
        return value === null || value === undefined ? undefined : formatValue(value, chart.y.unit);
      }),
    };
  };
  const u = new uPlot(
    {
      width: Math.max(200, context.host.clientWidth),
      height: kind.height ?? HEIGHT,
      padding: [10, 14, 0, 0],
      legend: { show: false },
      scales: {
        x: {
          time: false,
          distr: chart.x.scale === 'log' ? 3 : 1,
          range: () => [...(zoom ?? full)],
        },
        y: {
          distr: chart.y.scale === 'log' ? 3 : 1,
          range: (_, min, max) =>
            chart.y.scale === 'log' ? logRange(min, max, aligned.floor) : linearRange(min, max),
        },
      },
      axes: axes(chart, context, kind, aligned),
      series: [{}, ...chart.series.map((_, i) => lineSeries(context, kind, i))],
      cursor: {
        y: false,
        drag: { x: true, y: false, setScale: false, dist: 4 },
        points: {
          size: 9,
          width: 2,
          stroke: (_, i) => context.theme().color(context.styles[i - 1].color),
          fill: () => context.theme().surface,
        },
        bind: {
          dblclick: () => () => {
            context.zoomAsked(undefined);
            return null;
          },
        },
      },
      hooks: {
        draw: [
          (self) => {
            yTitle.textContent = axisTitle(chart.y, self.scales.y.max ?? 1);
            kind.draw?.(self);
          },
        ],
        setCursor: [
          (self) => {
            if (silent) return;
            const { idx } = self.cursor;
            context.cursorMoved(idx === null || idx === undefined ? undefined : readout(self, idx));
          },
        ],
        setSelect: [
          (self) => {
            const { left, width } = self.select;
            if (width > 0) {
              context.zoomAsked([self.posToVal(left, 'x'), self.posToVal(left + width, 'x')]);
              self.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
            }
          },
        ],
      },
    },
    [aligned.x as number[], ...aligned.drawn] as uPlot.AlignedData,
    context.host,
  );
  const cursorTo = (index: number | undefined): void => {
    const left = index === undefined ? -10 : u.valToPos(aligned.x[index], 'x');
    u.setCursor({ left, top: index === undefined ? -10 : u.height / 3 });
  };
  return {
    notes: notesOf(aligned, chart),
    redraw: () => {
      u.setSize({ width: Math.max(200, context.host.clientWidth), height: kind.height ?? HEIGHT });
      u.redraw();
    },
    setHidden: (hidden) => {
      hidden.forEach((hide, i) => {
        if (u.series[i + 1].show === hide) u.setSeries(i + 1, { show: !hide });
      });
    },
    setZoom: (range) => {
      if (range?.[0] === zoom?.[0] && range?.[1] === zoom?.[1]) return;
      zoom = range;
      u.setScale('x', { min: (zoom ?? full)[0], max: (zoom ?? full)[1] });
    },
    showAt: (x) => {
      silent = true;
      cursorTo(x === undefined ? undefined : u.valToIdx(x));
      silent = false;
    },
    ...plotKeys({
      xs: aligned.x,
      range: () => zoom ?? full,
      full,
      at: () => u.cursor.idx ?? undefined,
      moveTo: (index) => {
        cursorTo(index);
        return readout(u, index);
      },
      zoomAsked: context.zoomAsked,
    }),
  };
}

function lineSeries(context: ChartContext, kind: PlotKind, index: number): uPlot.Series {
  const style = context.styles[index];
  return {
    stroke: () => context.theme().color(style.color),
    width: style.width,
    dash: [...style.dash],
    points: { show: false },
    ...kind.series?.(index),
  };
}

function axes(
  chart: ReportChart,
  context: ChartContext,
  kind: PlotKind,
  aligned: AlignedSeries,
): uPlot.Axis[] {
  const common = {
    stroke: () => context.theme().muted,
    font: `12px ${context.theme().font}`,
    labelFont: `12px ${context.theme().font}`,
    grid: { stroke: () => context.theme().grid, width: 1 },
    ticks: { show: false },
    filter: (_: uPlot, ticks: number[]) => ticks,
  };
  const ticksOf = (log: boolean) => (log ? logTicks : linearTicks);
  const xTicks = kind.xTicks ?? ticksOf(chart.x.scale === 'log');
  const yTicks = ticksOf(chart.y.scale === 'log');
  return [
    {
      ...common,
      size: 26,
      labelSize: 20,
      labelGap: 2,
      label: (u) => axisTitle(chart.x, u.scales.x.max ?? 1),
      splits: (u, _, min, max) => thin(xTicks(min, max), u.width / 64),
      values: (u, ticks) =>
        kind.xLabels?.(ticks) ?? tickLabels(chart.x, ticks, u.scales.x.max ?? 1),
    },
    {
      ...common,
      size: (_, labels) =>
        14 + LABEL_PX * Math.max(3, ...(labels ?? []).map((label) => label.length)),
      splits: (_, __, min, max) => yTicks(min, max),
      values: (u, ticks) =>
        tickLabels(chart.y, ticks, u.scales.y.max ?? 1).map((label, i) =>
          ticks[i] === aligned.floor ? '0' : label,
        ),
    },
  ];
}

/** Every nth tick, so that at most `room` remain. */
function thin(ticks: readonly number[], room: number): number[] {
  const step = Math.max(1, Math.ceil(ticks.length / Math.max(2, room)));
  return ticks.filter((_, i) => i % step === 0);
}

function notesOf(aligned: AlignedSeries, chart: ReportChart): string[] {
  if (aligned.moved === 0) return [];
  const points =
    aligned.moved === 1 ? '1 point' : `${aligned.moved.toLocaleString('en-US')} points`;
  return [
    `A log scale has no zero: ${points} at or below 0 ${aligned.moved === 1 ? 'is' : 'are'} drawn on the bottom line, labelled 0 (${chart.y.title.toLowerCase()}).`,
  ];
}
