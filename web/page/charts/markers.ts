// Draws series' markers on the canvas: every so many pixels on a line, at every point of a scatter.

import type uPlot from 'uplot';

import type { SeriesStyle } from '../series-style.ts';
import type { Theme } from '../theme.ts';

const EVERY_PX = 120;

/** Marks each shown line at even distances, each series offset so that marks do not hide each other. */
export function markLines(u: uPlot, styles: readonly SeriesStyle[], theme: Theme): void {
  const every = EVERY_PX * devicePixelRatio;
  styles.forEach((style, index) => {
    const series = u.series[index + 1];
    if (series.show === false) return;
    let next = u.bbox.left + (every * (index + 0.5)) / styles.length;
    const xs = u.data[0];
    const ys = u.data[index + 1];
    const [from, to] = series.idxs ?? [0, xs.length - 1];
    for (let i = from; i <= to; i++) {
      const y = ys[i];
      if (y === null || y === undefined) continue;
      const left = u.valToPos(xs[i], 'x', true);
      if (left < next) continue;
      drawMarker(u, style, theme, { left, top: u.valToPos(y, 'y', true), size: 0.8 });
      next = left + every;
    }
  });
}

export interface MarkerPlace {
  readonly left: number;
  readonly top: number;
  /** 1 is about 10 CSS pixels. */
  readonly size: number;
}

export function drawMarker(u: uPlot, style: SeriesStyle, theme: Theme, place: MarkerPlace): void {
  const { ctx } = u;
  ctx.save();
  ctx.translate(place.left, place.top);
  ctx.scale(place.size * devicePixelRatio, place.size * devicePixelRatio);
  const path = new Path2D(style.marker);
  ctx.lineWidth = 3;
  ctx.strokeStyle = theme.surface; // a rim, so that marks stand apart where lines cross
  ctx.stroke(path);
  ctx.fillStyle = theme.color(style.color);
  // oxlint-disable-next-line unicorn/no-array-fill-with-reference-type -- a canvas, not an array
  ctx.fill(path);
  ctx.restore();
}
