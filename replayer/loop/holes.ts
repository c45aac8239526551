// Holes: stretches of more than 40 ms in which an issuing thread got nowhere. Found in what the loop left
// in its columns, named by what another thread saw of the kernel's accounts meanwhile. Pure.

/** Shorter ones are the host's everyday noise; the kernel's RT throttling takes 50 ms. */
export const HOLE_NS = 40e6;
const MOST_HOLES = 100;

export interface Hole {
  /** From the run's start. */
  readonly at_ns: number;
  readonly length_ns: number;
  readonly cause: HoleCause;
}

/** What explains a hole, in words. The one list of causes. */
export const HOLE_CAUSES = {
  'rt-throttling': 'the kernel held the real-time thread (sched_rt_runtime_us)',
  steal: 'the hypervisor gave the CPU to someone else',
  'waited-for-cpu': 'another thread had the CPU',
  migration: 'the thread was moved to another CPU',
  'in-call': 'the system call, or an interrupt during it, took that long',
  unknown: 'no account of the kernel explains it',
} as const;
export type HoleCause = keyof typeof HOLE_CAUSES;

/** The kernel's accounts of one thread at one moment; all but the CPU only grow. */
export interface ThreadSample {
  readonly atNs: number;
  /** Time on a CPU, and runnable but waiting for one (/proc/…/schedstat); -1 where not told. */
  readonly ranNs: number;
  readonly waitedNs: number;
  /** Of the CPU it is on (/proc/stat). */
  readonly stealNs: number;
  readonly cpu: number;
}

export interface ThreadRows {
  readonly rows: number;
  readonly dueNs: Float64Array;
  readonly issuedNs: Float64Array;
  readonly completedNs: Float64Array;
}

/** Each hole of a run; the first hundred where there are more. */
export function findHoles(
  run: ThreadRows,
  samples: readonly ThreadSample[],
  isFifo: boolean,
): readonly Hole[] {
  const holes: Hole[] = [];
  let before = 0;
  for (let row = 0; row < run.rows && holes.length < MOST_HOLES; row++) {
    const from = Math.max(before, run.dueNs[row]);
    const issued = run.issuedNs[row];
    before = run.completedNs[row];
    if (before - from <= HOLE_NS) continue;
    const isInCall = before - issued > issued - from;
    const length = before - from;
    const cause = nameCause(from, before, samples, isFifo, isInCall);
    holes.push({ at_ns: from, length_ns: length, cause });
  }
  return holes;
}

function nameCause(
  fromNs: number,
  toNs: number,
  samples: readonly ThreadSample[],
  isFifo: boolean,
  isInCall: boolean,
): HoleCause {
  const before = samples.findLast((sample) => sample.atNs <= fromNs);
  const after = samples.find((sample) => sample.atNs >= toNs);
  if (before === undefined || after === undefined) return 'unknown';
  const half = (toNs - fromNs) / 2;
  if (before.cpu === after.cpu && after.stealNs - before.stealNs >= half) return 'steal';
  if (after.waitedNs - before.waitedNs >= half) return isFifo ? 'rt-throttling' : 'waited-for-cpu';
  if (isInCall) return 'in-call';
  if (before.cpu !== after.cpu) return 'migration';
  return 'unknown';
}
