// CLOCK_MONOTONIC as ns since an anchor, as a double: exact for 104 days from there.

import { CLOCK_MONOTONIC, TIMER_ABSTIME, clockGettime, clockNanosleep } from '../calls/native.ts';
import { PinnedMemory } from '../calls/pinned.ts';

export interface Clock {
  /** ns since the anchor. */
  now(): number;
  /** Sleeps until `atNs` on the same scale, if that is ahead. */
  sleepUntil(atNs: number): void;
}

/** Reads now as [seconds, ns]. */
export function readMonotonic(): readonly [number, number] {
  const { words, address } = new PinnedMemory(16);
  clockGettime(CLOCK_MONOTONIC, address);
  return [words[0] + words[1] * 0x1_0000_0000, words[2]];
}

export function monotonicClock(anchor: readonly [number, number] = readMonotonic()): Clock {
  const sleep = new PinnedMemory(16);
  const [anchorSeconds, anchorNs] = anchor;
  return {
    now() {
      const [seconds, ns] = process.hrtime(); // CLOCK_MONOTONIC too
      return (seconds - anchorSeconds) * 1e9 + (ns - anchorNs);
    },
    sleepUntil(atNs) {
      const total = anchorNs + atNs;
      const seconds = Math.floor(total / 1e9);
      sleep.view.setBigInt64(0, BigInt(anchorSeconds + seconds), true);
      sleep.view.setBigInt64(8, BigInt(Math.round(total - seconds * 1e9)), true);
      clockNanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, sleep.address, 0);
    },
  };
}
