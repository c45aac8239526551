// A closed loop without a machine: both loops run the same submissions against a script, on encoded arrays whose
// bytes are then compared.

import assert from 'node:assert/strict';

import { NO_WORD } from '../../replayer/calls/call-program.ts';
import { IOMMU_HWPT_INVALIDATE } from '../../replayer/calls/hwpt-calls.ts';
import { PinnedMemory } from '../../replayer/calls/pinned.ts';
import type { Serial } from '../../replayer/closed-loop/options.ts';
import { ROW, type LoopRows } from '../../replayer/closed-loop/rows.ts';
import { Submissions } from '../../replayer/closed-loop/submissions.ts';
import {
  closedOutput,
  type ClosedOutput,
  type ClosedWork,
} from '../../replayer/loop/closed-work.ts';
import { runClosedLoop } from '../../replayer/loop/javascript/closed-loop.ts';
import { LaneMemory, layLane, type StreamWork } from '../../replayer/loop/lane-memory.ts';
import { nativeLoop } from '../../replayer/loop/native/loop.ts';
import type { Grouping } from '../../replayer/strategies/grouping.ts';
import { Script, type ScriptedCall } from '../../replayer/loop/script.ts';

export interface ClosedCase {
  readonly rows: LoopRows;
  readonly grouping: Grouping;
  readonly serial: Serial;
  readonly serviceNs: readonly number[];
  readonly errnos?: readonly number[];
  readonly stopAfter?: number;
  readonly stopOnError?: boolean;
  /** Arrays, or structures that are a call each. */
  readonly isArray: boolean;
}

export interface ClosedOutcome {
  readonly calls: readonly Omit<ScriptedCall, 'argument'>[];
  readonly streams: readonly Readonly<Record<string, readonly number[]>>[];
  readonly closed: Pick<ClosedOutput, 'items' | 'arrivalNs' | 'releasedNs' | 'releasedBy'>;
  readonly stallNs: number;
}

const ENTRY = 16;
const STRUCT = 32;
/** Requests of an odd domain go to two host objects. */
const targetsOf = (domain: number): readonly number[] =>
  domain % 2 === 1 ? [10 + domain, 20 + domain] : [10 + domain];

/** Encodes the requests of one stream: a step each. */
function encode(rows: LoopRows, stream: number, isArray: boolean): StreamWork & { keep: object } {
  const steps: { domain: number; commands: number; row: number }[] = [];
  for (let row = 0; row < rows.count; row++)
    if (rows.stream[row] === stream && rows.what[row] === ROW.request)
      steps.push({ domain: Math.max(0, rows.target[row]), commands: rows.commands[row], row });
  const calls = steps.flatMap((step) =>
    targetsOf(step.domain).map((target) => ({ target, commands: step.commands, row: step.row })),
  );
  const data = calls.reduce((sum, call) => sum + call.commands * ENTRY, 0);
  const memory = new PinnedMemory(Math.max(8, calls.length * STRUCT + data));
  let at = calls.length * STRUCT;
  calls.forEach((call, i) => {
    const words = [STRUCT, call.target, 0, 0, 1, ENTRY, call.commands, 0];
    words.forEach((word, w) => memory.view.setUint32(i * STRUCT + w * 4, word, true));
    memory.view.setBigUint64(i * STRUCT + 8, BigInt(memory.address + at), true);
    for (let byte = 0; byte < call.commands * ENTRY; byte++)
      memory.bytes[at + byte] = (call.row * 7 + call.target * 13 + byte) & 255;
    at += call.commands * ENTRY;
  });
  let end = 0;
  return {
    steps: steps.length,
    passes: 1,
    periodNs: 0,
    dueNs: new Float64Array(steps.length),
    stepCallEnd: Uint32Array.from(steps, (step) => (end += targetsOf(step.domain).length)),
    stepEntryEnd: Uint32Array.from(steps, (_, i) => i + 1),
    fd: 7 + stream,
    request: new Uint32Array(calls.length).fill(IOMMU_HWPT_INVALIDATE),
    argument: Float64Array.from(calls, (_, i) => memory.address + i * STRUCT),
    commands: Uint32Array.from(calls, (call) => call.commands),
    doneWord: Uint32Array.from(calls, (_, i) => (isArray ? (i * STRUCT + 24) / 4 : NO_WORD)),
    joinable: new Uint8Array(calls.length),
    words: memory.words,
    wordsAddress: memory.address,
    maxEntries: 0,
    keep: memory,
  };
}

export function submissionsOf(rows: LoopRows): Submissions {
  const submissions = new Submissions();
  submissions.push(rows);
  submissions.end();
  return submissions;
}

/** Runs both loops and compares them; returns what happened. */
export function runClosed(one: ClosedCase): ClosedOutcome {
  const native = runOne(one, (memory, work) => {
    nativeLoop().run(memory, []);
    return closedOutput(memory.shared, memory.lane.get('closed_at'), work);
  });
  const plain = runOne(one, (memory, work, programs) => runClosedLoop(memory, programs, work));
  const { stallNs: _, ...before } = plain;
  const { stallNs, ...after } = native;
  assert.deepEqual(before, after);
  return { ...native, stallNs };
}

function runOne(
  one: ClosedCase,
  run: (memory: LaneMemory, work: ClosedWork, programs: readonly Uint32Array[]) => ClosedOutput,
): ClosedOutcome {
  const { rows } = one;
  const submissions = submissionsOf(rows);
  const streams = submissions.streams.map((stream) => encode(rows, stream, one.isArray));
  const stepOf = new Map<number, number>();
  const next = new Map<number, number>();
  for (let row = 0; row < rows.count; row++) {
    if (rows.what[row] !== ROW.request) continue;
    const step = next.get(rows.stream[row]) ?? 0;
    stepOf.set(rows.seq[row], step);
    next.set(rows.stream[row], step + 1);
  }
  const commands = streams.reduce((sum, work) => sum + work.commands.reduce((a, b) => a + b, 0), 0);
  const closed: ClosedWork = {
    submissions,
    grouping: one.grouping,
    serial: one.serial,
    stepOf: (seq) => stepOf.get(seq) ?? -1,
    isPlanned: false,
    gatherBytes: STRUCT + commands * ENTRY,
  };
  const shared = layLane({
    streams,
    makesCalls: true,
    stopOnError: one.stopOnError ?? false,
    maxLeadNs: 0,
    busyShare: 0,
    closed,
    script: {
      nowNs: 0,
      readNs: 0,
      wakeNs: 0,
      serviceNs: one.serviceNs,
      errnos: one.errnos ?? [],
      stopAfter: one.stopAfter,
      readsArrays: one.isArray,
      callsRoom: 4 * commands,
    },
  });
  const memory = new LaneMemory(shared);
  const { stallNs, ...out } = run(
    memory,
    closed,
    streams.map((stream) => stream.words),
  );
  submissions.close();
  const script = new Script(shared, memory.lane.get('script_at'));
  return {
    calls: script.calls.map(({ atNs, fd, request, count, digest }) => ({
      atNs,
      fd,
      request,
      count,
      digest,
    })),
    streams: memory.streams.map((stream, i) =>
      Object.fromEntries(
        Object.entries(memory.output(i)).map(([name, column]) => [
          name,
          [...(column as Float64Array)].slice(0, stream.get('rows')),
        ]),
      ),
    ),
    closed: out,
    stallNs: stallNs.reduce((sum, ns) => sum + ns, 0),
  };
}
