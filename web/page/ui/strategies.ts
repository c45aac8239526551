// The price list: a row a strategy, a column a metric, each cell a ratio to the baseline with its interval.

import type { ReportJson, ReportStrategy } from '../../../analysis/report/schema.ts';
import { el } from '../dom.ts';
import { formatCount, formatDuration } from '../format/values.ts';
import { strategyStyle } from '../series-style.ts';
import { metricCell, type Metric } from './metric-cell.ts';
import { ratioDomain } from './ratio-bar.ts';
import { swatch } from './swatch.ts';

export function strategies(report: ReportJson): HTMLElement {
  const columns = report.metrics.map((metric) => ({
    metric,
    domain: ratioDomain(report.strategies.map((strategy) => strategy.values[metric.id])),
  }));
  const head = el(
    'tr',
    { role: 'row' },
    el('th', { scope: 'col', role: 'columnheader' }, 'Strategy'),
    ...report.metrics.map((metric) => metricHead(metric)),
  );
  const rows = report.strategies.map((strategy, index) =>
    el(
      'tr',
      { role: 'row', class: isWinner(report, strategy) ? 'iot-row-winner' : undefined },
      strategyHead(report, strategy, index),
      ...columns.map(({ metric, domain }) =>
        metricCell(metric, strategy.values[metric.id], { domain, baseline: index === 0 }),
      ),
    ),
  );
  // roles are spelt out because narrow screens lay the table out as cards, which would drop them
  const table = el(
    'table',
    { class: 'iot-strategies', role: 'table' },
    el('caption', { class: 'iot-spoken' }, 'Strategies by metric, each against the baseline'),
    el('thead', { role: 'rowgroup' }, head),
    el('tbody', { role: 'rowgroup' }, ...rows),
  );
  return el(
    'div',
    {},
    el(
      'div',
      { class: 'iot-scroll', tabindex: 0, role: 'region', 'aria-label': 'Strategies' },
      table,
    ),
    legend(report),
  );
}

function metricHead(metric: Metric): HTMLElement {
  return el(
    'th',
    { scope: 'col', role: 'columnheader', title: metric.note },
    metric.title,
    metric.better === 'neither'
      ? undefined
      : el('span', { class: 'iot-better' }, `${metric.better} is better`),
  );
}

function isWinner(report: ReportJson, strategy: ReportStrategy): boolean {
  return strategy.strategy === report.headline.winner;
}

function strategyHead(report: ReportJson, strategy: ReportStrategy, index: number): HTMLElement {
  const marks = [
    isWinner(report, strategy)
      ? el('span', { class: 'iot-chip iot-chip-win' }, '★ winner')
      : undefined,
    index === 0 ? el('span', { class: 'iot-chip' }, 'baseline') : undefined,
    strategy.frontier ? el('span', { class: 'iot-chip' }, '◆ frontier') : undefined,
    strategy.online ? el('span', { class: 'iot-chip' }, 'online') : undefined,
  ];
  return el(
    'th',
    { scope: 'row', role: 'rowheader' },
    el(
      'span',
      { class: 'iot-strategy' },
      swatch(strategyStyle(report, index)),
      el('span', { class: 'iot-name' }, strategy.strategy),
    ),
    el('span', { class: 'iot-marks' }, verdictChip(strategy), ...marks),
    exposure(strategy),
  );
}

const VERDICT_SIGN = { strict: '✓', deferred: '!', broken: '✕' } as const;

export function verdictChip(strategy: ReportStrategy): HTMLElement {
  const { verdict } = strategy;
  return el(
    'span',
    { class: `iot-chip iot-chip-${verdict}` },
    `${VERDICT_SIGN[verdict]} ${verdict}`,
  );
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

function legend(report: ReportJson): HTMLElement {
  const words: readonly (readonly [string, string])[] = [
    ['ratio', 'median over repeats of this strategy ÷ the baseline, with its 95 % interval'],
    ['bar', 'the same on a log scale: the line is the baseline, the band the interval'],
    ['within noise', 'the interval holds 1: no difference is claimed'],
    ['frontier', 'no other safe strategy is better in both time in ioctls and stall'],
    ['strict', 'every request is invalidated before the barrier after it is released'],
    ['deferred', 'some barrier is released earlier; exposure is what stayed valid meanwhile'],
    ...report.metrics.map((metric): readonly [string, string] => [metric.title, metric.note]),
  ];
  return el(
    'details',
    { class: 'iot-words' },
    el('summary', {}, 'What the words and columns mean'),
    el('dl', {}, ...words.flatMap(([word, text]) => [el('dt', {}, word), el('dd', {}, text)])),
  );
}
