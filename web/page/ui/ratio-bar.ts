// A ratio and its interval as a small picture on a log scale: twice as much and half as much are equally far.

import type { ReportValue } from '../../../analysis/report/schema.ts';
import { svg } from '../dom.ts';

const WIDTH = 96;
const HEIGHT = 14;
const EDGE = 6;

/** log2 of the smallest and the largest ratio of a column; always holds 0, the baseline. */
export interface RatioDomain {
  readonly low: number;
  readonly high: number;
}

export function ratioDomain(values: readonly (ReportValue | undefined)[]): RatioDomain {
  const logs = values
    .flatMap((value) => [value?.ratio, value?.ratio_low, value?.ratio_high])
    .flatMap((ratio) => (typeof ratio === 'number' && ratio > 0 ? [Math.log2(ratio)] : []));
  // at least ±10 %, so that noise does not fill the cell
  return { low: Math.min(-0.14, ...logs), high: Math.max(0.14, ...logs) };
}

export function ratioBar(value: ReportValue, domain: RatioDomain): SVGElement {
  const x = (ratio: number): number => {
    const log = ratio > 0 ? Math.log2(ratio) : domain.low; // a ratio of 0 stands at the left end
    const share = (log - domain.low) / (domain.high - domain.low);
    return EDGE + Math.min(1, Math.max(0, share)) * (WIDTH - 2 * EDGE);
  };
  const middle = HEIGHT / 2;
  const parts: SVGElement[] = [
    svg('line', { class: 'iot-rb-track', x1: 0, x2: WIDTH, y1: middle, y2: middle }),
    svg('line', { class: 'iot-rb-one', x1: x(1), x2: x(1), y1: 0, y2: HEIGHT }),
  ];
  if (value.ratio_low !== null && value.ratio_high !== null) {
    const left = x(value.ratio_low);
    const width = Math.max(1, x(value.ratio_high) - left);
    const band = { x: left, y: middle - 3.5, width, height: 7, rx: 2 };
    parts.push(svg('rect', { class: 'iot-rb-interval', ...band }));
  }
  if (value.ratio !== null) {
    const dot = { cx: x(value.ratio), cy: middle, r: 3.5 };
    parts.push(svg('circle', { class: value.found ? 'iot-rb-dot' : 'iot-rb-dot-open', ...dot }));
  }
  return svg(
    'svg',
    { class: 'iot-rb', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, 'aria-hidden': 'true' },
    ...parts,
  );
}
