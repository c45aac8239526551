// The numbers behind a chart, made when opened and in portions: a few thousand rows at once would hang.

import type { ReportChart } from '../../../analysis/report/schema.ts';
import { align } from '../charts/align.ts';
import { el } from '../dom.ts';
import { formatValue } from '../format/values.ts';

const PORTION = 200;

export function dataTable(chart: ReportChart): HTMLElement {
  const details = el('details', { class: 'iot-data' }, el('summary', {}, 'Data table'));
  details.addEventListener('toggle', () => {
    if (details.open && details.childElementCount === 1) details.append(contents(chart));
  });
  return details;
}

function contents(chart: ReportChart): HTMLElement {
  const { x, values } = align(chart);
  const body = el('tbody');
  const more = el('button', { type: 'button' });
  const add = (): void => {
    const from = body.childElementCount;
    const to = Math.min(x.length, from + PORTION);
    for (let i = from; i < to; i++) body.append(row(chart, x[i], values, i));
    more.hidden = to === x.length;
    more.textContent = `Show more (${(x.length - to).toLocaleString('en-US')} rows left)`;
  };
  add();
  more.addEventListener('click', add);
  const head = el(
    'tr',
    {},
    el('th', { scope: 'col' }, chart.x.title),
    ...chart.series.map((series) => el('th', { scope: 'col' }, series.name)),
  );
  const caption = el('caption', {}, `${chart.y.title} by ${chart.x.title}`);
  const table = el('table', {}, caption, el('thead', {}, head), body);
  return el(
    'div',
    { class: 'iot-scroll', tabindex: 0, role: 'group', 'aria-label': `Data of ${chart.title}` },
    table,
    more,
  );
}

function row(
  chart: ReportChart,
  x: number,
  values: readonly (readonly (number | null | undefined)[])[],
  index: number,
): HTMLElement {
  const name = chart.categories?.[x] ?? formatValue(x, chart.x.unit);
  return el(
    'tr',
    {},
    el('th', { scope: 'row' }, name),
    ...values.map((column) => el('td', {}, formatValue(column[index], chart.y.unit))),
  );
}
