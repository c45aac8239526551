// scatter: one point per series, one metric against another; each point carries its name.

import type uPlot from 'uplot';

import type { ReportChart } from '../../../analysis/report/schema.ts';
import type { Range } from '../state.ts';
import type { Theme } from '../theme.ts';
import { logFloor } from './align.ts';
import type { ChartContext, ChartKind } from './chart.ts';
import { drawMarker } from './markers.ts';
import { buildPlot } from './plot.ts';

const HEIGHT = 300;
const MARKER_PX = 6;

export const scatter: ChartKind = {
  kind: 'scatter',
  build: (reported, context) => {
    const { chart, note } = drawableX(reported);
    const view = buildPlot(chart, context, {
      height: HEIGHT,
      exact: true,
      xFull: ({ x }) => padded(x, chart.x.scale === 'log'),
      series: () => ({ paths: () => null }),
      draw: (u) => drawPoints(u, chart, context),
    });
    return note === undefined ? view : { ...view, notes: [...view.notes, note] };
  },
};

/** A log x axis has no zero either: such points stand at its left end, and the reader is told. */
function drawableX(chart: ReportChart): { readonly chart: ReportChart; readonly note?: string } {
  const moved = chart.series.filter((series) => series.x.some((x) => x <= 0));
  if (chart.x.scale === 'linear' || moved.length === 0) return { chart };
  const floor = logFloor(chart.series.map((series) => series.x));
  const series = chart.series.map((each) => ({
    ...each,
    x: each.x.map((x) => (x > 0 ? x : floor)),
  }));
  const names = moved.map((each) => each.name).join(', ');
  return {
    chart: { ...chart, series },
    note: `A log scale has no zero: ${names} has 0 and stands at the left end.`,
  };
}

function padded(x: readonly number[], log: boolean): Range {
  const low = x[0] ?? 1;
  const high = x[x.length - 1] ?? 1;
  if (log) return [low / 1.6, high * 1.6];
  const air = Math.max((high - low) * 0.12, high * 0.02, 1e-9);
  return [low >= 0 ? Math.max(0, low - air) : low - air, high + air];
}

function drawPoints(u: uPlot, chart: ReportChart, context: ChartContext): void {
  const theme = context.theme();
  const points = chart.series.flatMap((series, i) =>
    u.series[i + 1].show === false ? [] : placesOf(u, i).map((place) => ({ ...place, series, i })),
  );
  drawFront(u, chart, theme);
  const reach = MARKER_PX * devicePixelRatio;
  const taken = points.map(({ left, top }) => around(left, top, reach));
  for (const { left, top, i } of points) {
    drawMarker(u, context.styles[i], theme, { left, top, size: 1.15 });
  }
  for (const { left, top, series, i } of points) {
    const label = chart.front?.includes(i) === true ? `${series.name} ◆` : series.name;
    drawLabel(u, label, { left, top, theme, taken });
  }
}

/** Steps from one point of the front to the next: nothing safe lies below and left of them. */
function drawFront(u: uPlot, chart: ReportChart, theme: Theme): void {
  const shown = (chart.front ?? []).filter((i) => u.series[i + 1].show !== false);
  const [first, ...rest] = shown.flatMap((i) => placesOf(u, i));
  if (first === undefined) return;
  const { ctx } = u;
  ctx.save();
  ctx.beginPath();
  ctx.rect(u.bbox.left, u.bbox.top, u.bbox.width, u.bbox.height);
  ctx.clip();
  ctx.strokeStyle = theme.muted;
  ctx.lineWidth = 1.5 * devicePixelRatio;
  ctx.setLineDash([5 * devicePixelRatio, 4 * devicePixelRatio]);
  ctx.beginPath();
  ctx.moveTo(first.left, u.bbox.top);
  ctx.lineTo(first.left, first.top);
  let { top } = first;
  for (const place of rest) {
    ctx.lineTo(place.left, top);
    ctx.lineTo(place.left, place.top);
    ({ top } = place);
  }
  ctx.lineTo(u.bbox.left + u.bbox.width, top);
  ctx.stroke();
  ctx.restore();
}

function placesOf(u: uPlot, series: number): { readonly left: number; readonly top: number }[] {
  return Array.from(u.data[series + 1]).flatMap((y, at) =>
    y === null || y === undefined
      ? []
      : [{ left: u.valToPos(u.data[0][at], 'x', true), top: u.valToPos(y, 'y', true) }],
  );
}

function around(left: number, top: number, reach: number): Box {
  return { left: left - reach, top: top - reach, right: left + reach, bottom: top + reach };
}

interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

interface LabelPlace {
  readonly left: number;
  readonly top: number;
  readonly theme: Theme;
  /** Markers and labels so far; this one is added. */
  readonly taken: Box[];
}

/** Right of the point, or wherever around it nothing stands yet. */
function drawLabel(u: uPlot, text: string, place: LabelPlace): void {
  const { ctx } = u;
  const px = devicePixelRatio;
  ctx.save();
  ctx.font = `${12 * px}px ${place.theme.font}`;
  ctx.textBaseline = 'middle';
  ctx.textAlign = 'left';
  ctx.fillStyle = place.theme.ink;
  const width = ctx.measureText(text).width;
  const gap = 10 * px;
  const line = 15 * px;
  const right = u.bbox.left + u.bbox.width;
  const candidates = [0, line, -line, 2 * line, -2 * line].flatMap((down) => [
    { left: place.left + gap, top: place.top + down },
    { left: place.left - gap - width, top: place.top + down },
  ]);
  const box = (at: { left: number; top: number }): Box => ({
    left: at.left,
    top: at.top - line / 2,
    right: at.left + width,
    bottom: at.top + line / 2,
  });
  const fits = (at: { left: number; top: number }): boolean =>
    at.left >= u.bbox.left &&
    at.left + width <= right &&
    at.top > u.bbox.top &&
    at.top < u.bbox.top + u.bbox.height &&
    place.taken.every((other) => !overlaps(box(at), other));
  const at = candidates.find((candidate) => fits(candidate)) ?? {
    left: Math.max(u.bbox.left, Math.min(place.left, right - width)),
    top: place.top - line,
  };
  place.taken.push(box(at));
  ctx.fillText(text, at.left, at.top);
  ctx.restore();
}

function overlaps(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}
