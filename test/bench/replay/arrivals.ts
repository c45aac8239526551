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

/** `seconds` of each. The recording's real times are cut to that; it is absent where too short. */
export function allArrivals(seconds: number, recording: string): readonly Arrivals[] {
  const count = Math.round(seconds * PER_SECOND);
  const meanNs = 1e9 / PER_SECOND;
  const at = (dueOf: (i: number) => number): Float64Array =>
    Float64Array.from({ length: count }, (_, i) => Math.round(dueOf(i)));
  const random = seeded(7);
  let poisson = 0;
  return [
    { name: 'constant 20 k/s', dueNs: at((i) => i * meanNs) },
    {
      name: 'Poisson 20 k/s',
      dueNs: at((i) => (i === 0 ? 0 : (poisson -= Math.log(1 - random()) * meanNs))),
    },
    {
      name: 'bursts of 16 at 3 µs',
      dueNs: at((i) => Math.floor(i / BURST) * BURST * meanNs + (i % BURST) * BURST_GAP_NS),
    },
    { name: 'a real recording', dueNs: recorded(recording, seconds * 1e9) },
  ];
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
