// How are service time and stall spread, per strategy, over all repeats? One row a strategy: the values
// at LEVELS, in their order.

import type { Query } from '../store/index.ts';

/** −log10(1 − p) of each point: even steps on an axis of nines, up to p99.99. */
export const NINES: readonly number[] = Array.from({ length: 61 }, (_, i) => (i * 4) / 60);
const LEVELS = NINES.map((nines) => (1 - 10 ** -nines).toFixed(8)).join(', ');

export interface PercentileCurve {
  readonly strategy: string;
  readonly values: readonly number[];
}

export const serviceCurves: Query<PercentileCurve> = {
  sql: `
SELECT runs.strategy AS strategy, quantilesExact(${LEVELS})(timings.service_ns) AS values
FROM timings
INNER JOIN (SELECT run_id, strategy FROM runs FINAL WHERE comparison_id = {comparison:String}) AS runs
    ON runs.run_id = timings.run_id
GROUP BY strategy`,
};

export const latenessCurves: Query<PercentileCurve> = {
  sql: serviceCurves.sql.replace('timings.service_ns', 'timings.lateness_ns'),
};

export const stallCurves: Query<PercentileCurve> = {
  sql: `
SELECT runs.strategy AS strategy, quantilesExactWeighted(${LEVELS})(stalls.stall_ns, stalls.barriers) AS values
FROM stalls
INNER JOIN (SELECT run_id, strategy FROM runs FINAL WHERE comparison_id = {comparison:String}) AS runs
    ON runs.run_id = stalls.run_id
GROUP BY strategy`,
};
