// Benchmarks that return plain rows, as reports.

import { readEnvironment } from '../../replayer/result/environment.ts';
import type { Bench, BenchReport } from './bench.ts';
import { run as runImport } from './import.ts';
import { run as runPlan } from './plan.ts';

export const importBench: Bench = {
  name: 'import',
  summary: 'how fast logs and captures are decoded',
  run: async () => reportOf(await runImport()),
};

export const planBench: Bench = {
  name: 'plan',
  summary: 'how fast plans are made and judged: strict, 16, 500, large, large-16, long',
  run: async (options) => reportOf(await runPlan(options)),
};

/** Columns are the fields of the rows that hold one value. */
function reportOf(rows: readonly object[]): BenchReport {
  const fields = [...new Set(rows.flatMap((row) => Object.keys(row)))].filter((field) =>
    rows.every((row) => !(value(row, field) instanceof Object)),
  );
  const cells = rows.map((row) => fields.map((field) => cell(value(row, field))));
  return {
    tables: [{ rows: [fields, ...cells] }],
    notes: [],
    environment: readEnvironment(),
    samples: rows,
  };
}

const value = (row: object, field: string): unknown => (row as Record<string, unknown>)[field];

function cell(item: unknown): string {
  if (typeof item === 'number') return Number(item.toPrecision(4)).toLocaleString('en-US');
  return typeof item === 'string' ? item : '';
}
