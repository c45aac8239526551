// What every chart on a canvas shares: uPlot with our axes, cursor, zoom and keys. Kinds say what differs.
// Zoom is asked for, never done here: the page decides, so that charts with the same x move together.

import uPlot from 'uplot';

import type { ReportChart } from '../../../analysis/report/schema.ts';
import { el } from '../dom.ts';
import { axisTitle } from '../format/axis.ts';
import { formatValue } from '../format/values.ts';
import type { Range } from '../state.ts';
import { align, type AlignedSeries } from './align.ts';
import { axesOf, scalesOf } from './axes.ts';
import type { ChartContext, ChartView, Readout } from './chart.ts';
import { plotKeys } from './cursor.ts';
import type { PlotKind } from './plot-kind.ts';

const HEIGHT = 260;
const LEAST_WIDTH = 200;
const OUTSIDE = -10;

export function buildPlot(chart: ReportChart, context: ChartContext, kind: PlotKind): ChartView {
  const plot = new Plot(chart, context, kind);
  return {
    notes: notesOf(plot.aligned, chart),
    redraw: () => plot.redraw(),
    setHidden: (hidden) => plot.setHidden(hidden),
    setZoom: (range) => plot.setZoom(range),
    showAt: (x) => plot.showAt(x),
    ...plotKeys({
      xs: plot.aligned.x,
      full: plot.full,
      range: () => plot.range,
      at: () => plot.at,
      moveTo: (index) => plot.moveTo(index),
      zoomAsked: context.zoomAsked,
    }),
  };
}

class Plot {
  readonly aligned: AlignedSeries;
  readonly full: Range;
  readonly #chart: ReportChart;
  readonly #context: ChartContext;
  readonly #kind: PlotKind;
  readonly #u: uPlot;
  readonly #yTitle = el('div', { class: 'iot-y-title', 'aria-hidden': 'true' });
  #zoom: Range | undefined;
  /** The cursor is moved by another chart: it knows already. */
  #following = false;

  constructor(chart: ReportChart, context: ChartContext, kind: PlotKind) {
    this.#chart = chart;
    this.#context = context;
    this.#kind = kind;
    this.aligned = align(chart);
    this.full = kind.xFull(this.aligned);
    context.host.append(this.#yTitle);
    const columns = [this.aligned.x, ...this.aligned.drawn];
    // uPlot's type wants mutable columns; it does not change them
    this.#u = new uPlot(this.#options(), columns as uPlot.AlignedData, context.host);
  }

  get range(): Range {
    return this.#zoom ?? this.full;
  }

  get at(): number | undefined {
    return this.#u.cursor.idx ?? undefined;
  }

  redraw(): void {
    this.#u.setSize(this.#size(this.#context.host.clientWidth));
    this.#u.redraw();
  }

  setHidden(hidden: readonly boolean[]): void {
    hidden.forEach((hide, i) => {
      if (this.#u.series[i + 1].show === hide) this.#u.setSeries(i + 1, { show: !hide });
    });
  }

  setZoom(range: Range | undefined): void {
    if (range?.[0] === this.#zoom?.[0] && range?.[1] === this.#zoom?.[1]) return;
    this.#zoom = range;
    const [min, max] = this.range;
    this.#u.setScale('x', { min, max });
  }

  showAt(x: number | undefined): void {
    this.#following = true;
    if (x === undefined) this.#u.setCursor({ left: OUTSIDE, top: OUTSIDE });
    else this.#cursorTo(this.#u.valToIdx(x));
    this.#following = false;
  }

  moveTo(index: number): Readout {
    this.#cursorTo(index);
    return this.#readout(index);
  }

  #cursorTo(index: number): void {
    const left = this.#u.valToPos(this.aligned.x[index], 'x');
    this.#u.setCursor({ left, top: this.#u.height / 3 });
  }

  #readout(at: number): Readout {
    const indexes = this.#kind.exact === true ? [] : (this.#u.cursor.idxs ?? []);
    const x = this.aligned.x[at];
    return {
      at: x,
      x: this.#kind.xText?.(x) ?? `${this.#chart.x.title} ${formatValue(x, this.#chart.x.unit)}`,
      left: this.#u.over.offsetLeft + this.#u.valToPos(x, 'x'),
      values: this.aligned.values.map((column, i) => {
        // a series without a point at this very x shows its nearest one
        const value = column[indexes[i + 1] ?? at];
        if (value === null || value === undefined || !this.#u.series[i + 1].show) return undefined;
        return formatValue(value, this.#chart.y.unit);
      }),
    };
  }

  #size(width: number): { readonly width: number; readonly height: number } {
    return { width: Math.max(LEAST_WIDTH, width), height: this.#kind.height ?? HEIGHT };
  }

  #options(): uPlot.Options {
    const axes = {
      chart: this.#chart,
      context: this.#context,
      kind: this.#kind,
      floor: this.aligned.floor,
    };
    return {
      ...this.#size(this.#context.width),
      padding: [10, 26, 0, 0],
      legend: { show: false },
      scales: scalesOf(axes, () => this.range),
      axes: axesOf(axes),
      series: [{}, ...this.#chart.series.map((_, i) => this.#series(i))],
      cursor: this.#cursor(),
      hooks: {
        draw: [() => this.#drawn()],
        setCursor: [() => this.#cursorMoved()],
        setSelect: [() => this.#selected()],
      },
    };
  }

  #series(index: number): uPlot.Series {
    const style = this.#context.styles[index];
    return {
      stroke: () => this.#context.theme().color(style.color),
      width: style.width,
      dash: [...style.dash],
      points: { show: false },
      ...this.#kind.series?.(index),
    };
  }

  #cursor(): uPlot.Cursor {
    const { theme, styles, zoomAsked } = this.#context;
    return {
      y: false,
      drag: { x: true, y: false, setScale: false, dist: 4 },
      points: {
        ...(this.#kind.exact === true ? { show: false } : {}), // `true` would draw none either
        size: 9,
        width: 2,
        stroke: (_, i) => theme().color(styles[i - 1].color),
        fill: () => theme().surface,
      },
      bind: {
        dblclick: () => () => {
          zoomAsked(undefined);
          return null;
        },
      },
    };
  }

  #drawn(): void {
    this.#yTitle.textContent = axisTitle(this.#chart.y, this.#u.scales.y.max ?? 1);
    this.#kind.draw?.(this.#u);
  }

  #cursorMoved(): void {
    const { at } = this;
    const readout = at === undefined ? undefined : this.#readout(at);
    this.#context.cursorMoved(readout, this.#following);
  }

  #selected(): void {
    const { left, width } = this.#u.select;
    if (width <= 0) return;
    const range: Range = [this.#u.posToVal(left, 'x'), this.#u.posToVal(left + width, 'x')];
    this.#u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.#context.zoomAsked(range);
  }
}

function notesOf({ moved }: AlignedSeries, chart: ReportChart): string[] {
  if (moved === 0) return [];
  const points = moved === 1 ? '1 point' : `${moved.toLocaleString('en-US')} points`;
  const are = moved === 1 ? 'is' : 'are';
  return [
    `A log scale has no zero: ${points} at or below 0 (${chart.y.title}) ${are} drawn on the bottom line, labelled 0.`,
  ];
}
