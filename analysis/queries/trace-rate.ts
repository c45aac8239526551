// How fast did the guest ask, over the recording's time? One row a bucket that holds anything.

import type { Query } from '../store/index.ts';

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
    countIf(kind != 'barrier') AS requests,
    countIf(kind = 'barrier') AS barriers
FROM events
WHERE trace_digest = {digest:String}
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
SELECT min(t_ns) AS first_ns, max(t_ns) AS last_ns, count() AS events, countIf(kind != 'barrier') AS requests
FROM events
WHERE trace_digest = {digest:String}`,
};
