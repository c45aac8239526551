// The strategies: one column per strategy, one row per metric, each cell a ratio to the baseline with its interval.

import type { ReportJson } from '../../../analysis/report/schema.ts';
import { el } from '../dom.ts';
import { metricCell, type Metric } from './metric-cell.ts';
import { ratioDomain } from './ratio-bar.ts';
import { isWinner, strategyHead } from './strategy-head.ts';

export function strategies(report: ReportJson): HTMLElement {
  const heads = report.strategies.map((strategy, index) => strategyHead(report, strategy, index));
  const corner = el('td', { role: 'cell' });
  // roles are spelt out because narrow screens lay the table out as cards, which would drop them
  const table = el(
    'table',
    { class: 'iot-strategies', role: 'table' },
    el('caption', { class: 'iot-spoken' }, 'Metrics by strategy, each against the baseline'),
    el('thead', { role: 'rowgroup' }, el('tr', { role: 'row' }, corner, ...heads)),
    el('tbody', { role: 'rowgroup' }, ...report.metrics.map((metric) => metricRow(report, metric))),
  );
  table.style.setProperty('--iot-columns', String(heads.length));
  const region = { class: 'iot-scroll', tabindex: 0, role: 'group', 'aria-label': 'Strategies' };
  return el('div', {}, el('div', region, table), words(report));
}

function metricRow(report: ReportJson, metric: Metric): HTMLElement {
  const domain = ratioDomain(report.strategies.map((strategy) => strategy.values[metric.id]));
  const better =
    metric.better === 'neither'
      ? undefined
      : el('span', { class: 'iot-better' }, `${metric.better} is better`);
  const head = { scope: 'row', role: 'rowheader', title: metric.note };
  return el(
    'tr',
    { role: 'row' },
    el('th', head, metric.title, better),
    ...report.strategies.map((strategy, index) =>
      metricCell(metric, strategy.values[metric.id], {
        domain,
        baseline: index === 0,
        strategy: strategy.strategy,
        wins: isWinner(report, strategy),
      }),
    ),
  );
}

function words(report: ReportJson): HTMLElement {
  const entries: readonly (readonly [string, string])[] = [
    ['0.5×', 'this strategy’s value ÷ the baseline’s; hover for the interval and the range'],
    ['value', 'geometric mean of the repeats'],
    [
      'bar',
      'the ratio on a log scale: the line is the baseline, the band the 95 % interval over all strategies together',
    ],
    ['no difference found', 'the interval includes 1, or the replays allow no claim about times'],
    ['not measured', 'not 0: there were no samples, or too few'],
    ['frontier', 'no other safe strategy is better in both stall and time in ioctls'],
    ['strict', 'every request is invalidated before the barrier after it is released'],
    [
      'deferred',
      'some barrier is released earlier; the exposure is what was not yet invalidated then',
    ],
    ...report.metrics.map((metric): readonly [string, string] => [metric.title, metric.note]),
  ];
  return el(
    'details',
    { class: 'iot-words' },
    el('summary', {}, 'What the words and rows mean'),
    el('dl', {}, ...entries.flatMap(([word, text]) => [el('dt', {}, word), el('dd', {}, text)])),
  );
}
