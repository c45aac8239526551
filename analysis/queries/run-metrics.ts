// What did each run of a comparison cost? One row a run.

import type { Query } from '../store/index.ts';

export interface RunMetrics {
  readonly run_id: string;
  readonly strategy: string;
  readonly repeat: number;
  readonly ioctls: number;
  readonly entries: number;
  readonly issued_pages: number;
  readonly hardware_waits: number;
  readonly service_total_ns: number;
  readonly service_p50_ns: number;
  readonly service_p99_ns: number;
  readonly stall_total_ns: number;
  readonly stall_p50_ns: number;
  readonly stall_p99_ns: number;
  /** Null where the result did not count it. */
  readonly cpu_ns: number | null;
  readonly cpu_system_ns: number | null;
  readonly lateness_p50_ns: number;
  readonly lateness_p99_ns: number;
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
            quantileExact(0.5)(service_ns) AS service_p50_ns,
            quantileExact(0.99)(service_ns) AS service_p99_ns,
            quantileExact(0.5)(lateness_ns) AS lateness_p50_ns,
            quantileExact(0.99)(lateness_ns) AS lateness_p99_ns
        FROM timings
        WHERE run_id IN (SELECT run_id FROM chosen)
        GROUP BY run_id
    ),
    stalled AS
    (
        SELECT
            run_id,
            sum(stall_ns * barriers) AS stall_total_ns,
            quantileExactWeighted(0.5)(stall_ns, barriers) AS stall_p50_ns,
            quantileExactWeighted(0.99)(stall_ns, barriers) AS stall_p99_ns
        FROM stalls
        WHERE run_id IN (SELECT run_id FROM chosen)
        GROUP BY run_id
    )
SELECT
    chosen.run_id AS run_id,
    chosen.strategy AS strategy,
    chosen.repeat AS repeat,
    timed.ioctls AS ioctls,
    timed.issued_entries AS entries,
    chosen.issued_pages AS issued_pages,
    chosen.hardware_waits AS hardware_waits,
    timed.service_total_ns AS service_total_ns,
    timed.service_p50_ns AS service_p50_ns,
    timed.service_p99_ns AS service_p99_ns,
    stalled.stall_total_ns AS stall_total_ns,
    stalled.stall_p50_ns AS stall_p50_ns,
    stalled.stall_p99_ns AS stall_p99_ns,
    chosen.cpu_ns AS cpu_ns,
    chosen.cpu_system_ns AS cpu_system_ns,
    timed.lateness_p50_ns AS lateness_p50_ns,
    timed.lateness_p99_ns AS lateness_p99_ns
FROM chosen
INNER JOIN timed ON timed.run_id = chosen.run_id
LEFT JOIN stalled ON stalled.run_id = chosen.run_id
ORDER BY repeat, strategy`,
};
