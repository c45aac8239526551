// Can I trust it: one line per reason, each with its level as a word and a sign.

import type { ReportJson } from '../../../analysis/report/schema.ts';
import { el, spoken } from '../dom.ts';

type Level = ReportJson['trust'][number]['level'];

const SIGN: Readonly<Record<Level, { readonly sign: string; readonly word: string }>> = {
  good: { sign: '✓', word: 'Good' },
  warn: { sign: '!', word: 'Warning' },
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
  const parts: readonly (readonly [number, string, string])[] = [
    [count('bad'), 'problem', 'problems'],
    [count('warn'), 'warning', 'warnings'],
    [count('good'), 'check passed', 'checks passed'],
  ];
  return parts
    .filter(([lines]) => lines > 0)
    .map(([lines, one, several]) => `${lines} ${lines === 1 ? one : several}`)
    .join(' · ');
}
