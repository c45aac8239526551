// A plain table in a box that scrolls sideways where it has to. The first cell of a row is its heading.

import { el } from '../dom.ts';

export interface SimpleTable {
  readonly label: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly (string | Node)[])[];
}

export function simpleTable(table: SimpleTable): HTMLElement {
  const head = el('tr', {}, ...table.head.map((text) => el('th', { scope: 'col' }, text)));
  const rows = table.rows.map(([first, ...rest]) =>
    el('tr', {}, el('th', { scope: 'row' }, first), ...rest.map((cell) => el('td', {}, cell))),
  );
  return el(
    'div',
    { class: 'iot-scroll', tabindex: 0, role: 'group', 'aria-label': table.label },
    el('table', { class: 'iot-simple' }, el('thead', {}, head), el('tbody', {}, ...rows)),
  );
}
