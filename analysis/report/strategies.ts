// Runs' metrics -> one row a strategy: medians, ratios to the baseline, intervals, the Pareto front.

import type { ResultHeader } from '../../replayer/result/header.ts';
import { compareSamples } from '../statistics/interval.ts';
import type { RunMetrics } from '../queries/run-metrics.ts';
import { METRICS, SERVICE, STALL, medianOf } from './metrics.ts';
import type { ReportStrategy } from './schema.ts';

const PLAN_NUMBERS = [
  'steps',
  'entries',
  'requests',
  'replayable',
  'requested_pages',
  'issued_pages',
  'widened',
  'barrier_intervals',
  'hardware_waits',
] as const;

/** Rows in the order of `order`; the first is the baseline. `headers` holds one header a strategy. */
export function strategyRows(
  order: readonly string[],
  runs: readonly RunMetrics[],
  headers: ReadonlyMap<string, ResultHeader>,
): readonly ReportStrategy[] {
  const samplesOf = (strategy: string, metric: (typeof METRICS)[number]['id']): readonly number[] =>
    runs
      .filter((run) => run.strategy === strategy)
      .sort((a, b) => a.repeat - b.repeat)
      .flatMap((run) => run[metric] ?? []);
  const rows = order.flatMap((strategy) => {
    const header = headers.get(strategy);
    if (header === undefined) return [];
    const { plan } = header;
    const values = Object.fromEntries(
      METRICS.flatMap(({ id }) => {
        const samples = samplesOf(strategy, id);
        // Runs of which some did not measure this have no median of it.
        const isWhole = samples.length === samplesOf(strategy, SERVICE).length;
        return isWhole ? [[id, compareSamples(samples, samplesOf(order[0], id))]] : [];
      }),
    );
    return [
      {
        strategy,
        verdict: plan.verdict.class,
        requests_exposed: plan.verdict.requests_exposed,
        exposure_page_ns: plan.verdict.exposure_page_ns,
        unbounded_exposed: plan.verdict.unbounded_exposed,
        online: plan.online,
        repeats: samplesOf(strategy, SERVICE).length,
        frontier: false,
        plan: Object.fromEntries(PLAN_NUMBERS.map((name) => [name, plan[name]])),
        values,
      },
    ];
  });
  return rows.map((row) => ({ ...row, frontier: isOnFrontier(row, rows) }));
}

/** Strict, and no other strict strategy is at least as good in both time in ioctls and stall and better in one. */
function isOnFrontier(row: ReportStrategy, rows: readonly ReportStrategy[]): boolean {
  if (row.verdict !== 'strict') return false;
  // A stall that was not measured is no good stall.
  const service = (one: ReportStrategy): number => medianOf(one, SERVICE) ?? Infinity;
  const stall = (one: ReportStrategy): number => medianOf(one, STALL) ?? Infinity;
  return !rows.some(
    (other) =>
      other !== row &&
      other.verdict === 'strict' &&
      service(other) <= service(row) &&
      stall(other) <= stall(row) &&
      (service(other) < service(row) || stall(other) < stall(row)),
  );
}
