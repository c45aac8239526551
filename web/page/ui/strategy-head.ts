// A strategy at the head of its column: its look in the charts, its verdict, and what marks it out.

import type { ReportJson, ReportStrategy } from '../../../analysis/report/schema.ts';
import { el } from '../dom.ts';
import { formatDuration } from '../../../collector/base/format-values.ts';
import { formatCount } from '../format/values.ts';
import { strategyStyle } from '../series-style.ts';
import { swatch } from './swatch.ts';

const VERDICT_SIGN: Readonly<Record<ReportStrategy['verdict'], string>> = {
  strict: '✓',
  deferred: '!',
  narrowed: '!',
  corrupting: '✕',
  unknown: '?',
  broken: '✕',
};

export function isWinner(report: ReportJson, strategy: ReportStrategy): boolean {
  return strategy.strategy === report.headline.winner;
}

export function strategyHead(
  report: ReportJson,
  strategy: ReportStrategy,
  index: number,
): HTMLElement {
  const wins = isWinner(report, strategy);
  const { verdict } = strategy;
  const marks = [
    wins ? chip('★ winner', 'iot-chip-win') : undefined,
    chip(`${VERDICT_SIGN[verdict]} ${verdict}`, `iot-chip-${verdict}`),
    index === 0 ? chip('baseline') : undefined,
    strategy.frontier ? chip('◆ frontier') : undefined,
    strategy.online ? chip('online') : undefined,
  ];
  return el(
    'th',
    { scope: 'col', role: 'columnheader', class: wins ? 'iot-wins' : undefined },
    swatch(strategyStyle(report, index)),
    el('span', { class: 'iot-name iot-strategy' }, strategy.strategy),
    strategy.same_as.length === 0
      ? undefined
      : el('span', { class: 'iot-same' }, `same plan: ${strategy.same_as.join(', ')}`),
    el('span', { class: 'iot-marks' }, ...marks),
    exposure(strategy),
  );
}

function chip(text: string, kind = ''): HTMLElement {
  return el('span', { class: `iot-chip ${kind}`.trim() }, text);
}

/** What a strategy that is not strict exposes; nothing to say for one that is. */
function exposure(strategy: ReportStrategy): HTMLElement | undefined {
  if (strategy.verdict === 'strict') return undefined;
  const unbounded =
    strategy.unbounded_exposed === 0
      ? ''
      : `, ${formatCount(strategy.unbounded_exposed)} without a page count`;
  return el(
    'span',
    { class: 'iot-exposure' },
    `${formatCount(strategy.requests_exposed)} requests exposed, ${formatDuration(strategy.exposure_page_ns)}·page${unbounded}`,
  );
}
