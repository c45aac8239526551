// Every run behind the numbers, so that a drifting host or a cut run shows.

import type { ReportJson } from '../../../analysis/report/schema.ts';
import { el } from '../dom.ts';
import { formatDuration } from '../../../collector/base/format-values.ts';
import { simpleTable } from './simple-table.ts';

export function runs(report: ReportJson): HTMLElement {
  const inOrder = [...report.runs].sort((a, b) => a.started_at.localeCompare(b.started_at));
  const table = simpleTable({
    label: 'Runs',
    head: ['started', 'strategy', 'repeat', 'lateness p99', 'drift', 'ended', 'run'],
    rows: inOrder.map((run) => [
      run.started_at,
      run.strategy,
      String(run.repeat),
      formatDuration(run.lateness_p99_ns),
      formatDuration(run.drift_ns),
      run.interrupted ? '✕ interrupted' : 'whole',
      run.run_id,
    ]),
  });
  const summary = el('summary', {}, `${report.runs.length} runs`);
  return el('details', { class: 'iot-runs' }, summary, table);
}
