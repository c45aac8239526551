// What did each run of a comparison cost? One row a run.

import type { Query } from '../store/index.ts';
import { nearestRankSql } from './nearest-rank.ts';

export interface RunMetrics {
  readonly run_id: string;
  readonly strategy: string;
  readonly repeat: number;
  /** 1 for the second arm of the baseline. */
  readonly arm: number;
  readonly ioctls: number;
  readonly entries: number;
  readonly issued_pages: number;
  readonly hardware_waits: number;
  readonly service_total_ns: number;
  /** A percentile is null where too few samples lie beyond it. */
  readonly service_p50_ns: number | null;
  readonly service_p99_ns: number | null;
  /** Null where the recording has no barrier. */
  readonly stall_total_ns: number | null;
  /** Null where the replay was no closed loop. */
  readonly guest_time_ns: number | null;
  readonly stall_p50_ns: number | null;
  readonly stall_p99_ns: number | null;
  /** Null where the result did not count it. */
  readonly cpu_ns: number | null;
  readonly cpu_system_ns: number | null;
  readonly lateness_p50_ns: number | null;
  readonly lateness_p99_ns: number | null;
}

export const runMetrics: Query<RunMetrics> = {
  sql: `
WITH
    chosen AS (SELECT * FROM runs FINAL WHERE comparison_id = {comparison:String}),
    timed AS
    (
        SELECT
            run_id,
            sum(calls) AS ioctls,
            sum(entries) AS issued_entries,
            sum(service_ns) AS service_total_ns,
            arraySort(groupArray(service_ns)) AS services,
            arraySort(groupArray(lateness_ns)) AS latenesses
        FROM timings
        WHERE run_id IN (SELECT run_id FROM chosen)
        GROUP BY run_id
    ),
    stalled AS
    (
        SELECT
            run_id,
            arraySort(groupArrayArray(stalls_ns)) AS stalls
        FROM samples
        WHERE run_id IN (SELECT run_id FROM chosen)
        GROUP BY run_id
    )
SELECT
    chosen.run_id AS run_id,
    chosen.strategy AS strategy,
    chosen.repeat AS repeat,
    JSONExtractUInt(chosen.header, 'arm') AS arm,
    timed.ioctls AS ioctls,
    timed.issued_entries AS entries,
    chosen.issued_pages AS issued_pages,
    chosen.hardware_waits AS hardware_waits,
    timed.service_total_ns AS service_total_ns,
    ${nearestRankSql('0.5', 'timed.services')} AS service_p50_ns,
    ${nearestRankSql('0.99', 'timed.services')} AS service_p99_ns,
    if(length(stalled.stalls) + chosen.free_barriers = 0, NULL, arraySum(stalled.stalls)) AS stall_total_ns,
    JSONExtract(chosen.header, 'summary', 'guest_time_ns', 'Nullable(Float64)') AS guest_time_ns,
    ${nearestRankSql('0.5', 'stalled.stalls', 'chosen.free_barriers')} AS stall_p50_ns,
    ${nearestRankSql('0.99', 'stalled.stalls', 'chosen.free_barriers')} AS stall_p99_ns,
    chosen.cpu_ns AS cpu_ns,
    chosen.cpu_system_ns AS cpu_system_ns,
    ${nearestRankSql('0.5', 'timed.latenesses')} AS lateness_p50_ns,
    ${nearestRankSql('0.99', 'timed.latenesses')} AS lateness_p99_ns
FROM chosen
INNER JOIN timed ON timed.run_id = chosen.run_id
LEFT JOIN stalled ON stalled.run_id = chosen.run_id
ORDER BY repeat, strategy`,
};
