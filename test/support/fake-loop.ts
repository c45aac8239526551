// The issue loops without a machine: both run the same block against a script, whose clock moves only when it
// is read, slept on or called through. Time is arithmetic here, so that it can be asserted.

import assert from 'node:assert/strict';

import { NO_WORD } from '../../replayer/calls/call-program.ts';
import { PinnedMemory } from '../../replayer/calls/pinned.ts';
import type { IssueLoop } from '../../replayer/loop/issue-loop.ts';
import { javascriptLoop } from '../../replayer/loop/javascript/loop.ts';
import {
  LaneMemory,
  layLane,
  type LoopOutput,
  type StreamWork,
} from '../../replayer/loop/lane-memory.ts';
import { nativeLoop } from '../../replayer/loop/native/loop.ts';
import { Script, type ScriptedCall } from '../../replayer/loop/script.ts';

/** A clock of which a reading and a waking take so long. One whose readings take nothing stands still. */
export interface FakeClock {
  readonly readNs?: number;
  /** How late a sleeper wakes. */
  readonly wakeNs?: number;
}

export interface FakeStream {
  readonly dueNs: readonly number[];
  /** Entries of each call; one call a step. */
  readonly entries?: readonly number[];
  readonly passes?: number;
  readonly periodNs?: number;
  readonly maxEntries?: number;
  readonly joins?: boolean;
  /** Calls that write no count back. */
  readonly uncounted?: boolean;
}

export interface FakeMachine {
  readonly stopOnError?: boolean;
  readonly startNs?: number;
  /** How long call i takes; the last one counts for all that follow. */
  readonly serviceNs?: readonly number[];
  /** Errno of call i; 0 or absent for success. */
  readonly errnos?: readonly number[];
  readonly clock?: FakeClock;
  /** Asks to stop in this call. */
  readonly stopAfter?: number;
  readonly busyShare?: number;
  readonly maxLeadNs?: number;
}

/** Calls of all streams as they were made, with the commands that each asked. */
export type FakeCall = ScriptedCall & { readonly count: number };

export interface FakeOutcome {
  readonly streams: readonly { readonly rows: number; readonly output: LoopOutput }[];
  readonly calls: readonly FakeCall[];
  readonly stepsDone: number;
  readonly sleeps: number;
  readonly longestSleepNs: number;
  readonly leadNs: number;
}

const BASE = 1_000;
export const EXACT: FakeClock = {};

/** Runs both loops; where time stands still between events, they must agree in everything. */
export function runStreams(streams: readonly FakeStream[], machine: FakeMachine): FakeOutcome {
  const native = runOne(nativeLoop(), streams, machine);
  if ((machine.clock ?? EXACT).readNs === undefined) {
    const plain = runOne(javascriptLoop, streams, machine);
    assert.deepEqual({ ...plain, leadNs: 0 }, { ...native, leadNs: 0 });
  }
  return native;
}

/** One stream. */
export function runFake(
  run: FakeStream & FakeMachine,
): Omit<FakeOutcome, 'streams'> & FakeOutcome['streams'][number] {
  const { streams, ...rest } = runStreams([run], run);
  return { ...streams[0], ...rest };
}

export function runOne(
  loop: IssueLoop,
  streams: readonly FakeStream[],
  machine: FakeMachine,
): FakeOutcome {
  const { clock = EXACT, startNs = 0 } = machine;
  const works = streams.map(workOf);
  const calls = works.reduce((sum, { steps, passes }) => sum + steps * passes, 0);
  // A clock that stands still while it is read must be slept on all the way.
  const maxLeadNs = machine.maxLeadNs ?? (clock.readNs === undefined ? 0 : 50e3);
  const shared = layLane({
    streams: works,
    makesCalls: true,
    stopOnError: machine.stopOnError ?? false,
    maxLeadNs,
    busyShare: machine.busyShare ?? 0,
    script: {
      nowNs: startNs,
      readNs: clock.readNs ?? 0,
      wakeNs: clock.wakeNs ?? 0,
      serviceNs: machine.serviceNs ?? [],
      errnos: machine.errnos ?? [],
      stopAfter: machine.stopAfter,
      callsRoom: calls,
    },
  });
  const memory = new LaneMemory(shared);
  memory.lane.set('start_ns', startNs);
  loop.run(
    memory,
    works.map((work) => work.words),
  );
  const script = new Script(shared, memory.lane.get('script_at'));
  return {
    streams: works.map((_, i) => kept(memory, i)),
    calls: script.calls.map((call) => ({ ...call, count: countOf(works, call) })),
    stepsDone: memory.stepsDone,
    sleeps: script.struct.get('sleeps'),
    longestSleepNs: script.struct.get('sleeps_longest_ns'),
    leadNs: memory.lane.get('lead_ns'),
  };
}

/** A step per due time, one call each, whose argument is 1000 + its index; of stream s, 1000 s more. */
function workOf(stream: FakeStream, index: number): StreamWork {
  const steps = stream.dueNs.length;
  const entries = Uint32Array.from({ length: steps }, (_, i) => stream.entries?.[i] ?? 1);
  const memory = new PinnedMemory(Math.max(1, steps) * 4);
  let sum = 0;
  return {
    steps,
    passes: stream.passes ?? 1,
    periodNs: stream.periodNs ?? 0,
    dueNs: Float64Array.from(stream.dueNs),
    stepCallEnd: Uint32Array.from({ length: steps }, (_, i) => i + 1),
    stepEntryEnd: entries.map((count) => (sum += count)),
    fd: 7 + index,
    request: new Uint32Array(steps).fill(0x3b8d),
    argument: Float64Array.from({ length: steps }, (_, i) => BASE * (1 + index) + i),
    commands: entries,
    doneWord: Uint32Array.from({ length: steps }, (_, i) =>
      stream.uncounted === true ? NO_WORD : i,
    ),
    joinable: new Uint8Array(steps).fill(stream.joins === true ? 1 : 0, 1),
    words: memory.words,
    wordsAddress: memory.address,
    maxEntries: stream.maxEntries ?? 0,
  };
}

/** What stands in the program's memory of a call: the last count asked. */
function countOf(works: readonly StreamWork[], { argument, fd }: ScriptedCall): number {
  return works[fd - 7].words[argument - BASE * (1 + fd - 7)];
}

/** The rows that hold, cut to their number. */
function kept(memory: LaneMemory, i: number): FakeOutcome['streams'][number] {
  const rows = memory.streams[i].get('rows');
  const columns = Object.entries(memory.output(i)).map(([name, column]) => [
    name,
    (column as Float64Array).slice(0, rows),
  ]);
  return { rows, output: Object.fromEntries(columns) as LoopOutput };
}
