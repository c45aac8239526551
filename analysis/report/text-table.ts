// The comparison in the terminal: one row per strategy, each against the baseline.

import {
  NO_VALUE,
  formatCount,
  formatDuration,
  textTable,
  type Terminal,
} from '../../collector/base/index.ts';
import { METRICS, SERVICE, STALL_P99, shownOf } from './metrics.ts';
import type { ReportJson, ReportStrategy } from './schema.ts';

export function comparisonTable(report: ReportJson, terminal: Terminal): string {
  const { bold, green, yellow, red, dim } = terminal.out;
  const mark = { good: green('✓'), warn: yellow('!'), bad: red('✗') };
  const { primary } = report.claims;
  const title = METRICS.find(({ id }) => id === primary)?.title ?? primary;
  const others = [SERVICE, STALL_P99, 'service_p99_ns', 'cpu_system_ns'].filter(
    (id) => id !== primary,
  );
  const head = [
    '',
    'strategy',
    'verdict',
    'ioctls',
    title,
    '÷ baseline',
    '95 % interval',
    ...others.map((id) => METRICS.find((metric) => metric.id === id)?.title ?? id),
  ];
  const rows = report.strategies.map((row, i) => [
    row.strategy === report.headline.winner ? '★' : row.frontier ? '◆' : '',
    [row.strategy, ...row.same_as].join(' = '),
    verdictText(row),
    formatCount(shownOf(row, 'ioctls') ?? Number.NaN),
    formatDuration(shownOf(row, primary)),
    i === 0 ? 'baseline' : ratioText(row, primary),
    i === 0 ? '' : intervalText(row, primary),
    ...others.map((id) => formatDuration(shownOf(row, id))),
  ]);
  return [
    bold(report.headline.text),
    '',
    ...report.trust.map((line) => `${mark[line.level]} ${line.text}`),
    '',
    textTable(
      [head, ...rows],
      [false, false, false, true, true, true, false, ...others.map(() => true)],
    ),
    dim(
      '★ winner   ◆ no safe strategy is better in both stall and time in ioctls   – not measured',
    ),
    dim("times: geometric mean of the repeats; a percentile is each repeat's own"),
    dim(`ran on: ${report.ran_on.text}; ${report.ran_on.dialect}, ${report.ran_on.pacing}`),
  ].join('\n');
}

function verdictText(row: ReportStrategy): string {
  if (row.requests_exposed === 0) return row.verdict;
  return `${row.verdict}: ${formatCount(row.requests_exposed)} requests, ${formatDuration(row.exposure_page_ns)}·page`;
}

function ratioText(row: ReportStrategy, id: string): string {
  const ratio = row.values[id]?.ratio;
  return ratio === null || ratio === undefined ? NO_VALUE : ratio.toFixed(2);
}

function intervalText(row: ReportStrategy, id: string): string {
  const value = row.values[id];
  if (value === undefined || value.ratio === null) return '';
  const { ratio_low: low, ratio_high: high, found } = value;
  if (low === null || high === null) return 'too few repeats';
  return `${low.toFixed(2)} to ${high.toFixed(2)}${found ? ', found' : ''}`;
}
