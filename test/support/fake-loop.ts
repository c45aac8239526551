// The issue loop without a machine: a clock that moves only when it is read, slept on or called through,
// and an ioctl that writes down what it was asked. Time is arithmetic here, so that it can be asserted.

import { NO_WORD } from '../../replayer/calls/call-program.ts';
import type { Clock } from '../../replayer/loop/clock.ts';
import {
  CONTROL,
  runIssueLoop,
  type LoopInput,
  type LoopOutput,
} from '../../replayer/loop/issue-loop.ts';
import { Landing, type Pace } from '../../replayer/loop/landing.ts';
import { loopHost, loopInput, sharedOutput } from '../../replayer/loop/loop-shapes.ts';
import { Waiter } from '../../replayer/loop/waiter.ts';

export class FakeClock implements Clock {
  atNs: number;
  readonly sleeps: number[] = [];
  readonly readNs: number;
  /** How late a sleeper wakes. */
  readonly wakeNs: number;

  constructor({ atNs = 0, readNs = 0, wakeNs = 0 } = {}) {
    this.atNs = atNs;
    this.readNs = readNs;
    this.wakeNs = wakeNs;
  }

  now(): number {
    this.atNs += this.readNs;
    return this.atNs;
  }

  sleepUntil(atNs: number): void {
    this.sleeps.push(atNs);
    this.atNs = Math.max(this.atNs, atNs) + this.wakeNs;
  }
}

export interface Call {
  readonly fd: number;
  readonly request: number;
  readonly argument: number;
  readonly count: number;
  readonly atNs: number;
}

export interface FakeRun {
  readonly dueNs: readonly number[];
  /** Entries of each call; one call a step. */
  readonly entries?: readonly number[];
  readonly holdNs?: readonly number[];
  readonly passes?: number;
  readonly periodNs?: number;
  readonly onlineMaxEntries?: number;
  readonly stopOnError?: boolean;
  readonly joins?: boolean;
  /** Calls that write no count back. */
  readonly uncounted?: boolean;
  readonly startNs?: number;
  /** How long call i takes; the last one counts for all that follow. */
  readonly serviceNs?: readonly number[];
  /** Errno of call i; 0 or absent for success. */
  readonly errnos?: readonly number[];
  readonly clock?: FakeClock;
  /** What the landing believes of the clock; a turn takes 1 ns whatever it believes. */
  readonly pace?: Pace;
  readonly onCall?: (index: number, control: Int32Array) => void;
}

export interface FakeOutcome {
  readonly rows: number;
  readonly calls: readonly Call[];
  readonly output: LoopOutput;
  readonly control: Int32Array;
  readonly clock: FakeClock;
}

/** A step per due time, one call each, whose argument is 1000 + its index. */
export function runFake(run: FakeRun): FakeOutcome {
  const steps = run.dueNs.length;
  const entries = Uint32Array.from({ length: steps }, (_, i) => run.entries?.[i] ?? 1);
  const clock = run.clock ?? new FakeClock({ readNs: 1 });
  const words = new Uint32Array(steps);
  const input: LoopInput = loopInput({
    steps,
    passes: run.passes ?? 1,
    periodNs: run.periodNs ?? 0,
    dueNs: Float64Array.from(run.dueNs),
    holdNs: Float64Array.from(run.holdNs ?? []),
    stepCallEnd: Uint32Array.from({ length: steps }, (_, i) => i + 1),
    fd: 7,
    request: new Uint32Array(steps).fill(0x3b8d),
    argument: Array.from({ length: steps }, (_, i) => 1000 + i),
    entries,
    doneWord: Uint32Array.from({ length: steps }, (_, i) => (run.uncounted === true ? NO_WORD : i)),
    joinable: new Uint8Array(steps).fill(run.joins === true ? 1 : 0, 1),
    words,
    onlineMaxEntries: run.onlineMaxEntries ?? 0,
    stopOnError: run.stopOnError ?? false,
  });
  const output = sharedOutput(steps * input.passes);
  const control = new Int32Array(CONTROL.WORDS);
  const calls: Call[] = [];
  let errno = 0;
  const system = {
    ioctl(fd: number, request: number, argument: number): number {
      const index = calls.length;
      const count = words[argument - 1000];
      calls.push({ fd, request, argument, count, atNs: clock.atNs });
      const service = run.serviceNs ?? [];
      clock.atNs += service[Math.min(index, service.length - 1)] ?? 0;
      run.onCall?.(index, control);
      errno = run.errnos?.[index] ?? 0;
      return errno === 0 ? 0 : -1;
    },
    errno: () => errno,
  };
  // A clock that stands still while it is read must be slept on all the way.
  const maxLeadNs = clock.readNs === 0 ? 0 : 50e3;
  const waiter = new Waiter(clock, { rests: false, maxLeadNs });
  const pace = run.pace ?? { readNs: clock.readNs, turnNs: 1 };
  const landing = new Landing(pace, (turns) => (clock.atNs += Math.max(0, turns)));
  const host = loopHost(clock, waiter, landing, system);
  const rows = runIssueLoop(host, input, output, control, run.startNs ?? 0);
  return { rows, calls, output, control, clock };
}
