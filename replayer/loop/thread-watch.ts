// Reads the kernel's accounts of an issuing thread from outside it: run and wait time, CPU, steal.
// What the kernel does not tell is -1, never a guess.

import { readFileSync } from 'node:fs';

import type { ThreadSample } from './holes.ts';

/** /proc/stat counts in USER_HZ, which is 100 on every architecture Linux keeps. */
const TICK_NS = 10e6;
const STEAL_FIELD = 8;

/** `thread` is what /proc/thread-self points to: PID/task/TID. */
export function sampleThread(thread: string, atNs: number): ThreadSample {
  const [ran, waited] = numbers(read(`/proc/${thread}/schedstat`));
  const cpu = cpuOf(read(`/proc/${thread}/stat`));
  return { atNs, ranNs: ran ?? -1, waitedNs: waited ?? -1, stealNs: stealOf(cpu), cpu };
}

/** Steal time of a CPU so far; of all together for -1. */
export function stealOf(cpu: number, stat: string = read('/proc/stat')): number {
  const name = cpu < 0 ? 'cpu' : `cpu${cpu}`;
  const line = stat.split('\n').find((each) => each.startsWith(`${name} `));
  const ticks = line === undefined ? Number.NaN : Number(line.trim().split(/\s+/)[STEAL_FIELD]);
  return Number.isFinite(ticks) ? ticks * TICK_NS : -1;
}

/** Field 39 of stat, after the name in parentheses, which may hold anything. */
function cpuOf(stat: string): number {
  const after = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const cpu = Number(after[39 - 3]);
  return stat === '' || !Number.isInteger(cpu) ? -1 : cpu;
}

function numbers(text: string): readonly number[] {
  return text === '' ? [] : text.trim().split(/\s+/).map(Number);
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // not on this kernel: the sample says -1
  }
}
