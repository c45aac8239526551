// The verdict table in the terminal: one row a strategy, ratio to the first, what holds.

import {
  formatCount,
  formatDuration,
  textTable,
  type Terminal,
} from '../../collector/base/index.ts';
import { SERVICE, STALL, medianOf } from './metrics.ts';
import type { ReportJson, ReportStrategy } from './schema.ts';

export function comparisonTable(report: ReportJson, terminal: Terminal): string {
  const { bold, green, yellow, red, dim } = terminal.out;
  const mark = { good: green('✓'), warn: yellow('!'), bad: red('✗') };
  const head = [
    '',
    'strategy',
    'verdict',
    'ioctls',
    'time in ioctls',
    'ratio',
    '95 % interval',
    'service p99',
    'stall p50',
    'stall p99',
    'kernel CPU',
  ];
  const rows = report.strategies.map((row, i) => [
    row.strategy === report.headline.winner ? '★' : row.frontier ? '◆' : '',
    row.strategy,
    verdictText(row),
    formatCount(medianOf(row, 'ioctls') ?? Number.NaN),
    formatDuration(medianOf(row, SERVICE)),
    i === 0 ? 'baseline' : ratio(row),
    i === 0 ? '' : interval(row),
    formatDuration(medianOf(row, 'service_p99_ns')),
    formatDuration(medianOf(row, 'stall_p50_ns')),
    formatDuration(medianOf(row, STALL)),
    formatDuration(medianOf(row, 'cpu_system_ns')),
  ]);
  return [
    bold(report.headline.text),
    '',
    ...report.trust.map((line) => `${mark[line.level]} ${line.text}`),
    '',
    textTable(
      [head, ...rows],
      [false, false, false, true, true, true, false, true, true, true, true],
    ),
    dim(
      '★ least time in ioctls of the safe ones   ◆ no safe strategy is better in both time in ioctls and stall p99',
    ),
    dim(`ran on: ${report.ran_on.text}; ${report.ran_on.dialect}, ${report.ran_on.pacing}`),
  ].join('\n');
}

function verdictText(row: ReportStrategy): string {
  if (row.requests_exposed === 0) return row.verdict;
  return `${row.verdict}: ${formatCount(row.requests_exposed)} requests, ${formatDuration(row.exposure_page_ns)}·page`;
}

function ratio(row: ReportStrategy): string {
  const value = row.values[SERVICE];
  if (value?.ratio === null || value === undefined) return '–';
  return `${value.ratio.toFixed(2)}${value.holds ? '' : ' ~'}`;
}

function interval(row: ReportStrategy): string {
  const value = row.values[SERVICE];
  if (value === undefined) return '';
  const { ratio_low: low, ratio_high: high, holds } = value;
  if (low === null || high === null) return '';
  return `${low.toFixed(2)}–${high.toFixed(2)}${holds ? '' : ' in the noise'}`;
}
