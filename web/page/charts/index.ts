// The chart kinds. A new one is a file and a line here.

import type { ReportChart } from '../../../analysis/report/schema.ts';
import { bars } from './bars.ts';
import type { ChartKind } from './chart.ts';
import { line } from './line.ts';
import { percentiles } from './percentiles.ts';
import { scatter } from './scatter.ts';

const chartKinds: readonly ChartKind[] = [line, percentiles, bars, scatter];

export function chartKind(kind: ReportChart['kind']): ChartKind {
  const found = chartKinds.find((entry) => entry.kind === kind);
  if (found === undefined) throw new Error(`no chart kind '${kind}'`);
  return found;
}
