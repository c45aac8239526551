// One place that makes each object the loop reads. V8 compiles the loop for the shapes that it met while
// warming up: an object with the same fields in another order would throw that code away at the start.

import type { Clock } from './clock.ts';
import type { LoopHost, LoopInput, LoopOutput } from './issue-loop.ts';
import type { Landing } from './landing.ts';
import type { Waiter } from './waiter.ts';

export function loopInput(from: LoopInput): LoopInput {
  return {
    steps: from.steps,
    passes: from.passes,
    periodNs: from.periodNs,
    dueNs: from.dueNs,
    holdNs: from.holdNs,
    stepCallEnd: from.stepCallEnd,
    fd: from.fd,
    request: from.request,
    argument: from.argument,
    entries: from.entries,
    doneWord: from.doneWord,
    joinable: from.joinable,
    words: from.words,
    onlineMaxEntries: from.onlineMaxEntries,
    stopOnError: from.stopOnError,
  };
}

export function loopOutput(from: LoopOutput): LoopOutput {
  return {
    dueNs: from.dueNs,
    issuedNs: from.issuedNs,
    completedNs: from.completedNs,
    lastStep: from.lastStep,
    calls: from.calls,
    entries: from.entries,
    reported: from.reported,
    errno: from.errno,
  };
}

/** Room for so many rows, shared with the thread that writes them. */
export function sharedOutput(rows: number): LoopOutput {
  const f64 = (): Float64Array => new Float64Array(new SharedArrayBuffer(Math.max(8, rows * 8)));
  const u32 = (): Uint32Array => new Uint32Array(new SharedArrayBuffer(Math.max(4, rows * 4)));
  return loopOutput({
    dueNs: f64(),
    issuedNs: f64(),
    completedNs: f64(),
    lastStep: u32(),
    calls: u32(),
    entries: u32(),
    reported: u32(),
    errno: new Int32Array(new SharedArrayBuffer(Math.max(4, rows * 4))),
  });
}

export function loopHost(
  clock: Clock,
  waiter: Waiter,
  landing: Landing,
  { ioctl, errno }: Pick<LoopHost, 'ioctl' | 'errno'>,
): LoopHost {
  return { clock, waiter, landing, ioctl, errno };
}

/**
 * Numbers as an array of references: an address is above 2^31, so reading it from a typed array would
 * allocate a heap number at every call. The trailing string keeps V8 from storing raw doubles.
 */
export function boxNumbers(values: Float64Array): readonly number[] {
  const boxed: (number | string)[] = [];
  for (const value of values) boxed.push(value);
  boxed.push('end');
  return boxed as number[]; // index values.length is never read
}
