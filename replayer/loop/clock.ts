// CLOCK_MONOTONIC as ns since a local anchor, as a double: no BigInt, no allocation. Exact for 104 days
// from the anchor.

import { CLOCK_MONOTONIC, TIMER_ABSTIME, clockGettime, clockNanosleep } from '../calls/native.ts';
import { PinnedMemory } from '../calls/pinned.ts';

/** What the issue loop needs of time; tests give a fake. */
export interface Clock {
  /** ns since a moment before the anchor. */
  now(): number;
  /** Sleeps until `atNs` on the same scale, if that is ahead. */
  sleepUntil(atNs: number): void;
}

/** Reads now as [seconds, ns]: the anchor that several threads share for one common start. */
export function readMonotonic(): readonly [number, number] {
  const { words, address } = new PinnedMemory(16);
  clockGettime(CLOCK_MONOTONIC, address);
  return [words[0] + words[1] * 0x1_0000_0000, words[2]];
}

/**
 * Readings start here instead of at 0. V8 compiles for the numbers it met while warming up: below 2^31
 * those were small integers, and 2.1 s later the first larger one would throw the compiled loop away.
 */
const HEAD_START_S = 16;

/**
 * `process.hrtime` reads CLOCK_MONOTONIC to the ns, and compiled code calls it without a context change:
 * half the time of a koffi call. Taken apart in the same statement, its array is never made (V8's escape
 * analysis); by index it would be, and fill the heap. Results record the collections, so it would show.
 */
export function monotonicClock(anchor: readonly [number, number] = readMonotonic()): Clock {
  const sleep = new PinnedMemory(16);
  const anchorSeconds = anchor[0] - HEAD_START_S;
  const anchorNs = anchor[1];
  const { hrtime } = process;
  return {
    now() {
      const [seconds, ns] = hrtime();
      return (seconds - anchorSeconds) * 1e9 + (ns - anchorNs);
    },
    sleepUntil(atNs) {
      const total = anchorNs + atNs;
      const seconds = Math.floor(total / 1e9);
      sleep.words[0] = anchorSeconds + seconds;
      sleep.words[1] = 0;
      sleep.words[2] = total - seconds * 1e9;
      sleep.words[3] = 0;
      clockNanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, sleep.address, 0);
    },
  };
}
