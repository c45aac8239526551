// A part of the page with its heading.

import { el } from '../dom.ts';

let sections = 0;

export function section(
  title: string,
  lead: string | undefined,
  ...children: readonly Node[]
): HTMLElement {
  const id = `iot-section-${++sections}`;
  return el(
    'section',
    { class: 'iot-section', 'aria-labelledby': id },
    el('h2', { id }, title),
    lead === undefined ? undefined : el('p', { class: 'iot-lead' }, lead),
    ...children,
  );
}

/** Names and values. */
export function facts(entries: readonly (readonly [string, string | Node])[]): HTMLElement {
  return el(
    'dl',
    { class: 'iot-facts' },
    ...entries.map(([name, value]) => el('div', {}, el('dt', {}, name), el('dd', {}, value))),
  );
}
