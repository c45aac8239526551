// What `compare --json` prints: one row per strategy that was named, also for those whose plan is identical to
// another's (design 7 and 12). A metric that was not measured is null.

import { METRICS, STALL } from './metrics.ts';
import type { ReportJson, ReportStrategy, ReportValue } from './schema.ts';

export function compareDocument(report: ReportJson, seed: number): object {
  return {
    recording: report.recording,
    ran_on: report.ran_on,
    seed,
    headline: report.headline,
    claims: report.claims,
    trust: report.trust,
    strategies: report.strategies.flatMap((row, index) => rowsOf(report, row, index)),
    environment: report.environment,
  };
}

function rowsOf(report: ReportJson, row: ReportStrategy, index: number): readonly object[] {
  const { values, plan, same_as: same, ...rest } = row;
  const service = values.service_total_ns;
  return [row.strategy, ...same].map((strategy) => ({
    ...rest,
    strategy,
    same_as: [row.strategy, ...same].filter((name) => name !== strategy),
    baseline: index === 0 && strategy === row.strategy,
    ...Object.fromEntries(METRICS.map(({ id }) => [id, values[id]?.median ?? null])),
    ratio: service?.ratio ?? null,
    ratio_low: service?.ratio_low ?? null,
    ratio_high: service?.ratio_high ?? null,
    holds: values[report.claims.primary]?.found ?? false,
    stall_total: difference(values[STALL]),
    guest_time: difference(values.guest_time_ns),
    plan,
    values,
    ...report.prediction?.strategies.find((one) => one.strategy === row.strategy),
  }));
}

function difference(value: ReportValue | undefined): object | null {
  if (value === undefined) return null;
  const { median, ratio, ratio_low, ratio_high, found } = value;
  return { median, value: value.value, ratio, ratio_low, ratio_high, found };
}
