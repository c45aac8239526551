// Can I trust it: one line a reason, each with its level as a word and a sign.

import type { ReportJson } from '../../../analysis/report/schema.ts';
import { el, spoken } from '../dom.ts';

type Level = ReportJson['trust'][number]['level'];

const SIGN: Readonly<Record<Level, { readonly sign: string; readonly word: string }>> = {
  good: { sign: '✓', word: 'Good' },
  warn: { sign: '!', word: 'Mind' },
  bad: { sign: '✕', word: 'Bad' },
};

export function trust(report: ReportJson): HTMLElement {
  return el(
    'section',
    { class: 'iot-trust', 'aria-labelledby': 'iot-trust-title' },
    el('h2', { id: 'iot-trust-title' }, 'Can I trust it?'),
    el('p', { class: 'iot-trust-sum' }, summary(report)),
    el(
      'ul',
      {},
      ...report.trust.map(({ level, text }) =>
        el(
          'li',
          { class: `iot-trust-${level}` },
          el('span', { class: 'iot-sign', 'aria-hidden': 'true' }, SIGN[level].sign),
          el('span', {}, spoken(`${SIGN[level].word}: `), text),
        ),
      ),
    ),
  );
}

function summary(report: ReportJson): string {
  const count = (level: Level): number =>
    report.trust.filter((line) => line.level === level).length;
  const parts = [
    [count('bad'), 'bad'],
    [count('warn'), 'to mind'],
    [count('good'), 'good'],
  ] as const;
  return parts
    .filter(([lines]) => lines > 0)
    .map(([lines, word]) => `${lines} ${word}`)
    .join(' · ');
}
