// How fast did the guest ask, over the time of what was replayed? One row per bucket that holds anything.

import type { Query } from '../store/index.ts';
import { IS_REQUEST } from './kinds.ts';

export interface RateBucket {
  /** Index of the bucket; its time is bucket × bucket_ns from the recording's start. */
  readonly bucket: number;
  readonly requests: number;
  readonly barriers: number;
}

export const traceRate: Query<RateBucket> = {
  sql: `
SELECT
    intDiv(t_ns, {bucket_ns:Int64}) AS bucket,
    countIf(${IS_REQUEST}) AS requests,
    countIf(kind = 'barrier') AS barriers
FROM events
WHERE trace_digest = {digest:String}
    AND t_ns >= {begin_ns:Int64} AND t_ns < {end_ns:Int64} AND seq <= {last_seq:UInt64}
GROUP BY bucket
ORDER BY bucket`,
};

export interface TraceSpan {
  readonly first_ns: number;
  readonly last_ns: number;
  readonly events: number;
  readonly requests: number;
}

export const traceSpan: Query<TraceSpan> = {
  sql: `
SELECT min(t_ns) AS first_ns, max(t_ns) AS last_ns, count() AS events, countIf(${IS_REQUEST}) AS requests
FROM events
WHERE trace_digest = {digest:String}`,
};

/** The last row of the recording that a run issued. */
export const lastSeq: Query<{ readonly last_seq: number }> = {
  sql: 'SELECT max(last_seq) AS last_seq FROM samples WHERE run_id = {run:String}',
};
