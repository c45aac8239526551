// `--sweep window.us=5,10,20`: one strategy per value, and their trade-off as bars in the terminal.

import { ToolError, formatDuration, textTable } from '../../collector/base/index.ts';
import { SERVICE, STALL, shownOf } from '../report/metrics.ts';
import type { ReportJson, ReportStrategy } from '../report/schema.ts';

const BAR_WIDTH = 24;

/** `window.us=5,10` -> [`window:us=5`, `window:us=10`]. Throws ToolError. */
export function sweepChains(text: string): readonly string[] {
  const found = /^([^.=]+)\.([^.=]+)=(.+)$/.exec(text.trim());
  if (found === null) {
    throw new ToolError('E_USAGE', `--sweep: '${text}' is not a sweep; nothing was issued`, {
      hint: 'write it like window.us=5,10,20,50,100',
    });
  }
  const [, strategy, parameter, values] = found;
  return values.split(',').map((value) => `${strategy}:${parameter}=${value}`);
}

/** Time in ioctls and stall side by side, each bar in proportion to the largest. */
export function tradeOff(report: ReportJson): string {
  const most = (id: string): number =>
    Math.max(...report.strategies.map((row) => shownOf(row, id) ?? 0), 1);
  const bar = (row: ReportStrategy, id: string): string =>
    '█'.repeat(Math.round(((shownOf(row, id) ?? 0) / most(id)) * BAR_WIDTH)).padEnd(BAR_WIDTH, '·');
  const rows = report.strategies.map((row) => [
    row.frontier ? '◆' : '',
    row.strategy,
    bar(row, SERVICE),
    formatDuration(shownOf(row, SERVICE)),
    bar(row, STALL),
    formatDuration(shownOf(row, STALL)),
  ]);
  return textTable(
    [['', '', 'time in ioctls', '', 'stall p99', ''], ...rows],
    [false, false, false, true, false, true],
  );
}
