// bars: one amount a category. Lying bars with their values as text, so that names of any length fit and
// nothing has to be read off an axis; drawn by the DOM, not on a canvas.

import type { ReportChart } from '../../../analysis/report/schema.ts';
import { el } from '../dom.ts';
import { formatValue } from '../format/values.ts';
import type { SeriesStyle } from '../series-style.ts';
import { logFloor } from './align.ts';
import type { ChartContext, ChartKind } from './chart.ts';

export const BAR_FILLS = 4; // patterns in figure.css

export const bars: ChartKind = {
  kind: 'bars',
  build: (chart, context) => {
    const list = el('ul', { class: 'iot-bars' });
    const share = shareOf(chart);
    const items = (chart.categories ?? []).map((name, category) =>
      item(chart, context, { name, category, share }),
    );
    list.append(...items);
    // one width for all values, or equal bars would differ in length
    const longest = [...list.querySelectorAll('.iot-bar-value')].map((value) => textLength(value));
    list.style.setProperty('--iot-value-ch', String(Math.max(6, ...longest)));
    context.host.append(list);
    return {
      notes: chart.y.scale === 'log' ? ['Bar lengths are on a log scale; read the values.'] : [],
      redraw: () => undefined,
      setHidden: (hidden) => {
        for (const bar of list.querySelectorAll<HTMLElement>('[data-series]')) {
          bar.hidden = hidden[Number(bar.dataset.series)] ?? false;
        }
      },
    };
  },
};

function textLength(element: Element): number {
  return (element.textContent ?? '').length;
}

interface Item {
  readonly name: string;
  readonly category: number;
  readonly share: (value: number) => number;
}

function item(chart: ReportChart, context: ChartContext, of: Item): HTMLElement {
  const own = context.categoryStyle(of.name);
  const rows = chart.series.flatMap((series, index) => {
    const at = series.x.indexOf(of.category);
    if (at === -1) return [];
    const value = series.y[at];
    const style = own ?? context.styles[index];
    const bar = filled(style, index, value === null ? 0 : of.share(value));
    const text = formatValue(value, chart.y.unit);
    const title = chart.series.length === 1 ? text : `${text} ${series.name}`;
    return [
      el(
        'div',
        { class: 'iot-bar', 'data-series': index },
        el('span', { class: 'iot-bar-track', 'aria-hidden': 'true' }, bar),
        el('span', { class: 'iot-bar-value' }, title),
      ),
    ];
  });
  return el('li', {}, el('span', { class: 'iot-bar-name' }, of.name), ...rows);
}

function filled(style: SeriesStyle, index: number, share: number): HTMLElement {
  const bar = el('span', { class: `iot-bar-fill iot-bar-fill-${index % BAR_FILLS}` });
  bar.style.setProperty('--iot-bar-color', `var(--iot-${style.color})`);
  bar.style.width = `${(share * 100).toFixed(2)}%`;
  return bar;
}

/** How much of the track a value fills. Linear bars start at zero, as lengths must. */
function shareOf(chart: ReportChart): (value: number) => number {
  const values = chart.series.flatMap((series) => series.y.filter((y) => y !== null));
  const most = Math.max(0, ...values);
  if (most === 0) return () => 0;
  if (chart.y.scale === 'linear') return (value) => Math.max(0, value) / most;
  const floor = logFloor([values]);
  return (value) => (value <= floor ? 0 : Math.log(value / floor) / Math.log(most / floor));
}
