// How many requests does a barrier wait for? One row a count: intervals that held so many.

import type { Query } from '../store/index.ts';
import { IS_REQUEST } from './kinds.ts';

export interface IntervalSize {
  readonly requests: number;
  readonly intervals: number;
}

export const requestsPerBarrier: Query<IntervalSize> = {
  sql: `
SELECT requests, count() AS intervals
FROM
(
    SELECT stream, interval, countIf(${IS_REQUEST}) AS requests, countIf(kind = 'barrier') AS ended
    FROM
    (
        SELECT
            stream,
            kind,
            countIf(kind = 'barrier') OVER (PARTITION BY stream ORDER BY seq ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
                - (kind = 'barrier') AS interval
        FROM events
        WHERE trace_digest = {digest:String}
    )
    GROUP BY stream, interval
)
WHERE ended > 0
GROUP BY requests
ORDER BY requests`,
};
