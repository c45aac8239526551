// Waiting in the JavaScript loops: sleeps until the moment, and no less.

import type { LaneMemory } from '../lane-memory.ts';
import type { Machine } from './machine.ts';

/** A long sleep is cut, so that a stop is noticed. */
const MAX_SLEEP_NS = 50e6;

/** The first reading that is not before `dueNs`; undefined when asked to stop. */
export function waitUntil(
  machine: Machine,
  memory: LaneMemory,
  dueNs: number,
  fromNs: number,
): number | undefined {
  let nowNs = fromNs;
  while (nowNs < dueNs) {
    if (memory.isStopped) return undefined;
    machine.sleepUntil(Math.min(dueNs, nowNs + MAX_SLEEP_NS));
    nowNs = machine.now();
  }
  return memory.isStopped ? undefined : nowNs;
}
