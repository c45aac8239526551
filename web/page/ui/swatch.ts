// The key to a series: a stroke of its line with its marker, as every chart draws it.

import { svg } from '../dom.ts';
import type { SeriesStyle } from '../series-style.ts';

export function swatch(style: SeriesStyle): SVGElement {
  const color = `var(--iot-${style.color})`;
  const stroke = svg('line', {
    x1: 1,
    y1: 8,
    x2: 31,
    y2: 8,
    'stroke-width': 2.25,
    'stroke-dasharray': style.dash.join(' '),
  });
  const marker = svg('path', { d: style.marker, transform: 'translate(16 8)' });
  stroke.style.stroke = color;
  marker.style.fill = color;
  return svg(
    'svg',
    { class: 'iot-swatch', viewBox: '0 0 32 16', width: 32, height: 16, 'aria-hidden': 'true' },
    stroke,
    marker,
  );
}
