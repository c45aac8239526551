// The noise floor of a thread: how much time it loses, in gaps between two readings of the clock, while it does
// nothing but read it. What a replay loses beyond that is its own doing. Measured by the native loop.

import { PinnedMemory } from '../calls/pinned.ts';
import { Struct } from './block.ts';
import { LAYOUT, LAYOUT_VERSION } from './layout.ts';
import type { LoopLibrary } from './native/library.ts';

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

/** Reads the clock for `spanNs`, busy for at most `busyShare` of each millisecond (0: without a pause). */
export function measureNoise(library: LoopLibrary, spanNs: number, busyShare: number): NoiseFloor {
  const memory = new PinnedMemory(LAYOUT.noise.bytes);
  const noise = new Struct(memory.shared, 'noise', 0);
  noise.set('version', LAYOUT_VERSION);
  noise.set('span_ns', spanNs);
  noise.set('busy_share', busyShare);
  if (library.noise(memory.address) !== 0)
    throw new Error('the native loop was given a block of another layout');
  const span = noise.get('span_ns');
  return {
    span_ns: span,
    reads: noise.get('reads'),
    share_over_1us: noise.get('lost_over_1us_ns') / span,
    share_over_10us: noise.get('lost_over_10us_ns') / span,
    share_over_100us: noise.get('lost_over_100us_ns') / span,
    gaps_over_10us: noise.get('gaps_over_10us'),
    longest_gap_ns: noise.get('longest_gap_ns'),
  };
}
