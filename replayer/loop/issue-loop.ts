// The issue loop: waits, calls, stamps. No allocation, logging, promise or string work inside; every
// buffer was made before the start and outlives the calls. Clock, waiter and ioctl are parameters.

import type { Clock } from './clock.ts';
import { LAND, type Landing } from './landing.ts';
import { WAIT, type Waiter } from './waiter.ts';

/** What one stream issues, in pinned or shared memory (see CallProgram and Schedule). */
export interface LoopInput {
  readonly steps: number;
  /** The steps are issued so many times over, each pass `periodNs` after the one before. */
  readonly passes: number;
  readonly periodNs: number;
  readonly dueNs: Float64Array;
  /**
   * Closed loop: when the last barrier that the step releases was captured, NaN where it releases none.
   * The guest waits there, so a late release moves everything after it. Empty in an open loop.
   */
  readonly holdNs: Float64Array;
  readonly stepCallEnd: Uint32Array;
  readonly fd: number;
  readonly request: Uint32Array;
  /** Address of each call's argument; boxed beforehand (see boxNumbers). */
  readonly argument: readonly number[];
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
  /** Last step of the group; its first is the one after the row before, or step 0 in a new pass. */
  readonly lastStep: Uint32Array;
  readonly calls: Uint32Array;
  readonly entries: Uint32Array;
  /** Entries done as the kernel reported them, or those of calls without a count that succeeded; summed. */
  readonly reported: Uint32Array;
  /** First errno of the group's calls; 0 where all succeeded. */
  readonly errno: Int32Array;
}

/** Shared words by which another thread watches and stops the loop. */
export const CONTROL = { stop: 0, stepsDone: 1, rows: 2, WORDS: 4 } as const;

export interface LoopHost {
  readonly clock: Clock;
  readonly waiter: Waiter;
  readonly landing: Landing;
  ioctl(fd: number, request: number, argument: number): number;
  errno(): number;
}

/**
 * The loop's own times. In a typed array because V8 boxes a double that a loop carries from one turn to
 * the next: 16 bytes a clock reading, a collection every 100 ms of spinning.
 */
const NOW = 0;
const SHIFT = 1;

/**
 * Issues all steps from `startNs` (on the clock) on. Returns the number of rows written.
 * A step is never issued before it is due; in an open loop one that is late moves no other.
 * `issued` is the last clock reading before the call: where a step was due already, that is the reading
 * that ended the step before it.
 */
export function runIssueLoop(
  host: LoopHost,
  input: LoopInput,
  output: LoopOutput,
  control: Int32Array,
  startNs: number,
): number {
  const { clock, waiter, landing } = host;
  const wait = waiter.state;
  const land = landing.state;
  const { dueNs, holdNs, stepCallEnd, steps, passes, periodNs, onlineMaxEntries } = input;
  const isClosed = holdNs.length > 0;
  const time = new Float64Array(2);
  let row = 0;
  let done = 0;
  time[NOW] = clock.now();
  waiter.begin(time[NOW]);
  for (let pass = 0; pass < passes; pass++) {
    // Multiplied, not added up: no rounding error piles up over many passes.
    const passNs = startNs + pass * periodNs;
    for (let step = 0, call = 0; step < steps; row++) {
      const due = Math.round(dueNs[step] + passNs + time[SHIFT]);
      while (time[NOW] < due) {
        if (control[CONTROL.stop] !== 0) return row;
        const left = due - time[NOW];
        if (left > wait[WAIT.leadNs]) waiter.sleep(due, time[NOW]);
        else if (left < 2 * land[LAND.aimNs]) landing.aim(left);
        time[NOW] = clock.now();
        if (land[LAND.isAimed] > 0) landing.landed(time[NOW] - due);
      }
      if (control[CONTROL.stop] !== 0) return row;
      const last =
        onlineMaxEntries === 0
          ? step
          : cutGroup(input, step, call, time[NOW] - passNs - time[SHIFT]);
      const callEnd = stepCallEnd[last];
      output.dueNs[row] = due - startNs;
      output.issuedNs[row] = time[NOW] - startNs;
      const ok = issueCalls(host, input, output, row, call, callEnd);
      time[NOW] = clock.now();
      output.completedNs[row] = time[NOW] - startNs;
      output.lastStep[row] = last;
      if (isClosed) {
        const late = time[NOW] - passNs - holdNs[last];
        if (late > time[SHIFT]) time[SHIFT] = late; // false for NaN: nothing was released
      }
      done += last + 1 - step;
      call = callEnd;
      step = last + 1;
      control[CONTROL.stepsDone] = done;
      control[CONTROL.rows] = row + 1;
      if (!ok && input.stopOnError) return row + 1;
      if (time[NOW] > wait[WAIT.reviewAtNs]) {
        waiter.review(time[NOW]);
        time[NOW] = clock.now();
      }
    }
  }
  return row;
}

/**
 * Last step of the group that goes out now: what is due, up to the limit of entries, at least one. In a
 * closed loop a step that releases a barrier ends the group: what follows waits for that release.
 */
function cutGroup(input: LoopInput, first: number, firstCall: number, nowNs: number): number {
  const { dueNs, holdNs, stepCallEnd, entries, steps, onlineMaxEntries } = input;
  const isClosed = holdNs.length > 0;
  let total = 0;
  let call = firstCall;
  let last = first;
  for (let step = first; step < steps && Math.round(dueNs[step]) <= nowNs; step++) {
    for (; call < stepCallEnd[step]; call++) total += entries[call];
    if (step > first && total > onlineMaxEntries) break;
    last = step;
    if (isClosed && !Number.isNaN(holdNs[step])) break;
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
    const isCounted = word < words.length; // NO_WORD: this call reports no count
    if (isCounted) words[word] = count;
    const failed = host.ioctl(fd, request[call], argument[call]) < 0;
    if (failed && firstErrno === 0) firstErrno = host.errno();
    if (isCounted) reported += words[word];
    else if (!failed) reported += count;
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
