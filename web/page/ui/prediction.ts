// What a cost model expected beside what was measured, and how far off it was. Shown only where one was given.

import type { ReportJson, ReportPrediction } from '../../../analysis/report/schema.ts';
import { el } from '../dom.ts';
import { formatDuration } from '../../../collector/base/format-values.ts';
import { formatRatio } from '../format/values.ts';
import { simpleTable } from './simple-table.ts';

export function prediction(report: ReportJson, predicted: ReportPrediction): HTMLElement {
  const measured = (strategy: string, metric: string): string => {
    const row = report.strategies.find((one) => one.strategy === strategy);
    return formatDuration(row?.values[metric]?.median ?? Number.NaN);
  };
  const table = simpleTable({
    label: 'Expected and measured',
    head: [
      'strategy',
      'time in ioctls, expected',
      'measured',
      'expected ÷ measured',
      'stall p99, expected',
      'measured',
      'expected ÷ measured',
    ],
    rows: predicted.strategies.map((one) => [
      one.strategy,
      formatDuration(one.service_total_ns),
      measured(one.strategy, 'service_total_ns'),
      off(one.service_total_off),
      formatDuration(one.prediction.stall_ns.p99),
      measured(one.strategy, 'stall_p99_ns'),
      off(one.stall_p99_off),
    ]),
  });
  return el('div', {}, table, el('p', { class: 'iot-lead' }, predicted.note));
}

function off(ratio: number | null): string {
  return ratio === null ? 'not comparable' : formatRatio(ratio);
}
