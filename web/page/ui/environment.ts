// The machine as the result files describe it. What is not known is said to be unknown.

import type { ReportJson } from '../../../analysis/report/schema.ts';
import { formatCount } from '../format/values.ts';
import { facts } from './section.ts';

type Value = ReportJson['environment'][string];

export function environment(report: ReportJson): HTMLElement {
  return facts(
    Object.entries(report.environment).map(([name, value]) => [
      name.replaceAll('_', ' '),
      text(name, value),
    ]),
  );
}

function text(name: string, value: Value): string {
  if (value === null || value === '') return 'not known';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'string') return value;
  return name.endsWith('_bytes') ? `${(value / 1024 ** 3).toFixed(1)} GiB` : formatCount(value);
}
