// The issue loop: waits, calls, stamps. No allocation, logging, promise or string work inside; every
// buffer was made before the start and outlives the calls. Clock and ioctl are parameters.

import type { Clock } from './clock.ts';

/** What one stream issues, in pinned or shared memory (see CallProgram and Schedule). */
export interface LoopInput {
  readonly steps: number;
  readonly dueNs: Float64Array;
  readonly stepCallEnd: Uint32Array;
  readonly fd: number;
  readonly request: Uint32Array;
  readonly argument: Float64Array;
  readonly entries: Uint32Array;
  readonly doneWord: Uint32Array;
  readonly joinable: Uint8Array;
  /** The program's memory, where argument structures and done counts are. */
  readonly words: Uint32Array;
  /** Most entries in one group of steps issued together; 0 issues every step alone. */
  readonly onlineMaxEntries: number;
  readonly stopOnError: boolean;
}

/** What happened, per issued group of steps: one row each, `rows` of them. */
export interface LoopOutput {
  readonly dueNs: Float64Array;
  readonly issuedNs: Float64Array;
  readonly completedNs: Float64Array;
  /** Last step of the group; its first is the one after the row before. */
  readonly lastStep: Uint32Array;
  readonly calls: Uint32Array;
  readonly entries: Uint32Array;
  /** Entries done as the kernel reported them, summed over the group's calls. */
  readonly reported: Uint32Array;
  /** First errno of the group's calls; 0 where all succeeded. */
  readonly errno: Int32Array;
}

/** Shared words by which another thread watches and stops the loop. */
export const CONTROL = { stop: 0, stepsDone: 1, rows: 2, WORDS: 4 } as const;

export interface LoopHost {
  readonly clock: Clock;
  ioctl(fd: number, request: number, argument: number): number;
  errno(): number;
}

export interface WaitPolicy {
  /** Sleep to so long before the due time, then spin; 0 spins all the way, Infinity never spins. */
  readonly spinNs: number;
}

/**
 * Issues steps from `startNs` (on the clock) on. Returns the number of rows written.
 * A step is never issued before it is due; one that is late moves no other.
 */
export function runIssueLoop(
  host: LoopHost,
  input: LoopInput,
  output: LoopOutput,
  control: Int32Array,
  startNs: number,
  wait: WaitPolicy,
): number {
  const { clock } = host;
  const { dueNs, stepCallEnd, steps, onlineMaxEntries } = input;
  let row = 0;
  let call = 0;
  for (let step = 0; step < steps; row++) {
    if (control[CONTROL.stop] !== 0) break;
    const due = startNs + dueNs[step];
    let now = clock.now();
    if (due - now > wait.spinNs) {
      clock.sleepUntil(due - wait.spinNs);
      now = clock.now();
    }
    while (now < due) now = clock.now();
    const last = onlineMaxEntries === 0 ? step : cutGroup(input, step, call, now - startNs);
    const callEnd = stepCallEnd[last];
    const ok = issueCalls(host, input, output, row, call, callEnd);
    output.completedNs[row] = clock.now() - startNs;
    output.issuedNs[row] = now - startNs;
    output.dueNs[row] = dueNs[step];
    output.lastStep[row] = last;
    call = callEnd;
    step = last + 1;
    control[CONTROL.stepsDone] = step;
    control[CONTROL.rows] = row + 1;
    if (!ok && input.stopOnError) return row + 1;
  }
  return row;
}

/** Last step of the group that goes out now: what is due, up to the limit of entries, at least one. */
function cutGroup(input: LoopInput, first: number, firstCall: number, nowNs: number): number {
  let entries = 0;
  let call = firstCall;
  let last = first;
  for (let step = first; step < input.steps && input.dueNs[step] <= nowNs; step++) {
    for (; call < input.stepCallEnd[step]; call++) entries += input.entries[call];
    if (step > first && entries > input.onlineMaxEntries) break;
    last = step;
  }
  return last;
}

/** Makes the calls; neighbours with one target and entries side by side in memory become one call. */
function issueCalls(
  host: LoopHost,
  input: LoopInput,
  output: LoopOutput,
  row: number,
  from: number,
  to: number,
): boolean {
  const { fd, request, argument, entries, doneWord, joinable, words } = input;
  let firstErrno = 0;
  let calls = 0;
  let asked = 0;
  let reported = 0;
  for (let call = from; call < to;) {
    let count = entries[call];
    let next = call + 1;
    while (next < to && joinable[next] === 1) count += entries[next++];
    const word = doneWord[call];
    words[word] = count;
    if (host.ioctl(fd, request[call], argument[call]) < 0 && firstErrno === 0)
      firstErrno = host.errno();
    reported += words[word];
    asked += count;
    calls++;
    call = next;
  }
  output.calls[row] = calls;
  output.entries[row] = asked;
  output.reported[row] = reported;
  output.errno[row] = firstErrno;
  return firstErrno === 0;
}
