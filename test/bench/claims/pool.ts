// A pool of real replays, small enough to be kept: the stall of every barrier and the time in ioctls of each
// replay. JSON lines, one replay per line, compressed with gzip where the name says so.

import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

export interface PoolReplay {
  /** Where and under what it ran: `null, quiet`. Replays of one session are comparable. */
  readonly session: string;
  readonly round: number;
  /** `none#0` to `none#5` are the same strategy; `+2%` and `+5%` issue that share of the requests twice. */
  readonly arm: string;
  readonly service_total_ns: number;
  readonly not_faithful: boolean;
  /** In the order of the recording, ns. */
  readonly stalls_ns: readonly number[];
}

export function readPool(path: string): readonly PoolReplay[] {
  const bytes = readFileSync(path);
  return (path.endsWith('.gz') ? gunzipSync(bytes) : bytes)
    .toString()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as PoolReplay);
}
