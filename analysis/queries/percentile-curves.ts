// How are service time, stall and lateness spread? One row per run: the values at NINES, in their order, NULL
// where the run has too few samples. A curve of a strategy is the median of its runs, as in the table.

import type { Query } from '../store/index.ts';
import { nearestRankSql } from './nearest-rank.ts';

/** −log10(1 − p) of each point: even steps on an axis of nines, up to p99.99. */
export const NINES: readonly number[] = Array.from({ length: 61 }, (_, i) => (i * 4) / 60);
const LEVELS = NINES.map((nines) => (1 - 10 ** -nines).toFixed(8)).join(', ');

export interface RunCurve {
  readonly strategy: string;
  readonly repeat: number;
  readonly values: readonly (number | null)[];
}

function curveQuery(inner: string, zeros: string): Query<RunCurve> {
  return {
    sql: `
SELECT
    runs.strategy AS strategy,
    runs.repeat AS repeat,
    arrayMap(share -> ${nearestRankSql('share', 'spread.sorted', zeros)}, [${LEVELS}]) AS values
FROM (SELECT run_id, strategy, repeat, free_barriers FROM runs FINAL WHERE comparison_id = {comparison:String}) AS runs
INNER JOIN
(
    ${inner}
    WHERE run_id IN (SELECT run_id FROM runs FINAL WHERE comparison_id = {comparison:String})
    GROUP BY run_id
) AS spread ON runs.run_id = spread.run_id
ORDER BY repeat, strategy`,
  };
}

const timed = (column: string): string =>
  `SELECT run_id, arraySort(groupArray(${column})) AS sorted FROM timings`;

export const serviceCurves = curveQuery(timed('service_ns'), '0');
export const latenessCurves = curveQuery(timed('lateness_ns'), '0');
export const stallCurves = curveQuery(
  'SELECT run_id, arraySort(groupArrayArray(stalls_ns)) AS sorted FROM samples',
  'runs.free_barriers',
);
