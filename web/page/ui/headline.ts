// The result: which strategy wins and by how much, or why none is named.

import type { ReportJson } from '../../../analysis/report/schema.ts';
import { el } from '../dom.ts';

export function headline(report: ReportJson): HTMLElement {
  const { text, winner, details } = report.headline;
  return el(
    'section',
    { class: 'iot-headline', 'aria-labelledby': 'iot-headline-text' },
    el('p', { class: 'iot-eyebrow' }, winner === null ? 'No winner' : 'Result'),
    el('h2', { id: 'iot-headline-text' }, ...named(text, report)),
    details.length === 0
      ? undefined
      : el('ul', {}, ...details.map((detail) => el('li', {}, ...named(detail, report)))),
  );
}

/** Names of strategies look like names: the winner's anywhere, another's where a line is about it. */
function named(text: string, report: ReportJson): (Node | string)[] {
  const subject = report.strategies.find(({ strategy }) => text.startsWith(`${strategy}:`));
  if (subject !== undefined) {
    const { strategy } = subject;
    return [name(strategy), ...named(text.slice(strategy.length), report)];
  }
  const { winner } = report.headline;
  const at = winner === null ? -1 : wholeName(text, winner);
  if (winner === null || at === -1) return [text];
  return [text.slice(0, at), name(winner), text.slice(at + winner.length)];
}

function name(text: string): HTMLElement {
  return el('strong', { class: 'iot-name' }, text);
}

const JOINS = /[\w:+=-]/;

/** Where `wanted` stands by itself: `adjacent` is not meant by `adjacent+window`. */
function wholeName(text: string, wanted: string): number {
  for (let at = text.indexOf(wanted); at !== -1; at = text.indexOf(wanted, at + 1)) {
    const before = text.charAt(at - 1);
    const after = text.charAt(at + wanted.length);
    if (!JOINS.test(before) && !JOINS.test(after)) return at;
  }
  return -1;
}
