// What each strategy plans to issue: exact counts, the same on every host.

import type { ReportJson } from '../../../analysis/report/schema.ts';
import { formatCount } from '../format/values.ts';
import { simpleTable } from './simple-table.ts';

export function plans(report: ReportJson): HTMLElement {
  const fields = [...new Set(report.strategies.flatMap(({ plan }) => Object.keys(plan)))];
  return simpleTable({
    label: 'What each strategy plans',
    head: ['strategy', ...fields.map((field) => field.replaceAll('_', ' '))],
    rows: report.strategies.map(({ strategy, plan }) => [
      strategy,
      ...fields.map((field) => (field in plan ? formatCount(plan[field]) : '–')),
    ]),
  });
}
