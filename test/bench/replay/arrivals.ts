// The arrival times that every peer is given: constant, Poisson, bursts, and a real recording's own.

import { openTrace } from '../../../collector/format/index.ts';
import { KIND } from '../../../collector/model/index.ts';

export interface Arrivals {
  readonly name: string;
  /** Ascending, ns, from 0. */
  readonly dueNs: Float64Array;
}

const PER_SECOND = 20_000;
const BURST = 16;
const BURST_GAP_NS = 3_000;

export const BURSTS = 'bursts of 16 at 3 µs';
export const RECORDED = 'a real recording';
const MEAN_NS = 1e9 / PER_SECOND;

/** `seconds` of each. The recording is cut to that. */
export function allArrivals(seconds: number, recording: string): readonly Arrivals[] {
  return [
    constantArrivals(seconds),
    poissonArrivals(seconds),
    {
      name: BURSTS,
      dueNs: everyDue(
        seconds,
        (i) => Math.floor(i / BURST) * BURST * MEAN_NS + (i % BURST) * BURST_GAP_NS,
      ),
    },
    { name: RECORDED, dueNs: recorded(recording, seconds * 1e9) },
  ];
}

export function constantArrivals(seconds: number): Arrivals {
  return { name: 'constant 20 k/s', dueNs: everyDue(seconds, (i) => i * MEAN_NS) };
}

/** The same at every call. */
export function poissonArrivals(seconds: number): Arrivals {
  const random = seeded(7);
  let at = 0;
  const next = (i: number): number => (i === 0 ? 0 : (at -= Math.log(1 - random()) * MEAN_NS));
  return { name: 'Poisson 20 k/s', dueNs: everyDue(seconds, next) };
}

function everyDue(seconds: number, dueOf: (i: number) => number): Float64Array {
  const count = Math.round(seconds * PER_SECOND);
  return Float64Array.from({ length: count }, (_, i) => Math.round(dueOf(i)));
}

/** Request times of a recording, from its first request on. */
function recorded(path: string, spanNs: number): Float64Array {
  using reader = openTrace(path);
  const times: number[] = [];
  let latest = Number.NEGATIVE_INFINITY;
  for (const batch of reader.batches()) {
    for (let row = 0; row < batch.count; row++) {
      if (batch.kind[row] !== KIND.iotlb) continue;
      latest = Math.max(latest, batch.tNs[row]);
      if (times.length === 0 || latest - times[0] < spanNs) times.push(latest);
    }
  }
  return Float64Array.from(times, (time) => time - times[0]);
}

function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
