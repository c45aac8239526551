// The answer: which strategy wins, by how much, at what price.

import type { ReportJson } from '../../../analysis/report/schema.ts';
import { el } from '../dom.ts';

export function headline(report: ReportJson): HTMLElement {
  const { text, winner, details } = report.headline;
  return el(
    'section',
    { class: 'iot-headline', 'aria-labelledby': 'iot-headline-text' },
    el('p', { class: 'iot-eyebrow' }, winner === null ? 'No clear winner' : 'The answer'),
    el('h2', { id: 'iot-headline-text' }, ...emphasised(text, winner)),
    details.length === 0
      ? undefined
      : el('ul', {}, ...details.map((detail) => el('li', {}, ...emphasised(detail, winner)))),
  );
}

/** The winner's name stands out where a sentence names it. */
function emphasised(text: string, name: string | null): (Node | string)[] {
  if (name === null || name === '') return [text];
  const at = text.indexOf(name);
  if (at === -1) return [text];
  return [
    text.slice(0, at),
    el('strong', { class: 'iot-name' }, name),
    text.slice(at + name.length),
  ].filter((part) => part !== '');
}
