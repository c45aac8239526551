// The noise floor of a CPU: how much time a thread that does nothing but read the clock loses, in gaps
// between two readings. What a replay loses beyond that is its own doing.

import type { Clock } from './clock.ts';

export interface NoiseFloor {
  readonly span_ns: number;
  readonly reads: number;
  /** Time inside gaps longer than so much, as a share of the span. */
  readonly share_over_1us: number;
  readonly share_over_10us: number;
  readonly share_over_100us: number;
  readonly gaps_over_10us: number;
  readonly longest_gap_ns: number;
}

const LAST = 0;
const LONGEST = 1;

/** Reads the clock for `spanNs` without a pause. Must run on the thread and CPU that it speaks for. */
export function measureNoise(clock: Clock, spanNs: number): NoiseFloor {
  // By class: up to 1 µs, 10 µs, 100 µs, longer. No branch of its own for a rare gap: one that was never
  // taken while warming up would be met uncompiled, and add to what it measures.
  const sums = new Float64Array(4);
  const counts = new Uint32Array(4);
  // Typed arrays for all that a loop carries: V8 boxes a double in a variable (see issue-loop.ts).
  const at = new Float64Array(2);
  const start = clock.now();
  const end = start + spanNs;
  at[LAST] = start;
  while (at[LAST] < end) {
    const now = clock.now();
    const gap = now - at[LAST];
    const of = (gap > 1e3 ? 1 : 0) + (gap > 10e3 ? 1 : 0) + (gap > 100e3 ? 1 : 0);
    sums[of] += gap;
    counts[of]++;
    at[LONGEST] = Math.max(at[LONGEST], gap);
    at[LAST] = now;
  }
  const span = at[LAST] - start;
  return {
    span_ns: span,
    reads: counts[0] + counts[1] + counts[2] + counts[3],
    share_over_1us: (sums[1] + sums[2] + sums[3]) / span,
    share_over_10us: (sums[2] + sums[3]) / span,
    share_over_100us: sums[3] / span,
    gaps_over_10us: counts[2] + counts[3],
    longest_gap_ns: at[LONGEST],
  };
}
