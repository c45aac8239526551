// Runs a plan: streams dealt out to lanes, one common start, results merged when all are done. The lanes and
// the issuer's session stay with the caller.

import { ToolError, type Interrupt, type Progress } from '../../collector/base/index.ts';
import type { CallProgram } from '../calls/call-program.ts';
import type { IssuerSession } from '../issuers/issuer.ts';
import type { Plan, StepBatch } from '../planner/index.ts';
import { readMonotonic } from './clock.ts';
import { nameGap, type Gap } from './gaps.ts';
import type { Lane } from './lane.ts';
import { ROW_BYTES, type LaneMemory, type LoopOutput, type StreamWork } from './lane-memory.ts';
import { Lanes } from './lanes.ts';
import type { NoiseFloor } from './noise.ts';
import {
  scheduleStreams,
  type Schedule,
  type ScheduleOptions,
  type Schedules,
} from './schedule.ts';
import type { ThreadState } from './thread-class.ts';
import type { ThreadCpu } from './thread-cpu.ts';
import type { LoopName } from './worker-job.ts';

/** Time between the last thread at the gate and the common start. */
const START_AHEAD_NS = 10_000_000n;
const WATCH_EVERY_MS = 50;
/** A lead above this would be spinning rather than waiting; on a shared CPU it is another's time. */
const MAX_LEAD_NS = 100e3;
/** Rows are kept in memory until the run is over. */
const MOST_ROW_BYTES = 8 * 1024 ** 3;

export interface RunOptions extends ScheduleOptions {
  readonly stopOnError: boolean;
  /** Threads that other runs have warmed, and will use again. */
  readonly lanes: Lanes;
  /** Which loop issues; the native one where undefined. */
  readonly loop?: LoopName;
  /** False leaves the noise floor out. */
  readonly measuresNoise?: boolean;
  readonly interrupt: Interrupt;
  readonly progress: Progress;
}

/** One stream as it was run. Rows 0 … rows - 1 of `output` hold. */
export interface StreamRun {
  readonly stream: number;
  readonly steps: StepBatch;
  readonly schedule: Schedule;
  readonly periodNs: number;
  readonly output: LoopOutput;
  readonly rows: number;
  readonly fanout: number;
  readonly calls: number;
}

/** What a thread was, and saw of itself during the run. */
export interface ThreadReport {
  readonly streams: readonly number[];
  readonly state: ThreadState;
  readonly noise_before: NoiseFloor | null;
  readonly noise_after: NoiseFloor | null;
  /** CPU time from the gate to the last return; waiting by spinning is user time. */
  readonly cpu_time: ThreadCpu;
  readonly sleeps: number;
  readonly slept_ns: number;
  /** How long before a due time it last turned from sleeping to spinning. */
  readonly lead_ns: number;
  /** Over 1 ms. The first thousand; `gap_count` counts all. */
  readonly gaps: readonly Gap[];
  readonly gap_count: number;
}

export interface RunOutcome {
  readonly streams: readonly StreamRun[];
  readonly threads: readonly ThreadReport[];
  readonly loop: LoopName;
  readonly schedules: Schedules;
  readonly interrupted: boolean;
  /** Ended early because an ioctl failed and the user asked to stop then. */
  readonly stopped: boolean;
}

/** A lane's part of one run. */
interface Part {
  readonly lane: Lane;
  /** Indices of the plan's streams. */
  readonly of: readonly number[];
  readonly works: readonly StreamWork[];
  readonly programs: readonly CallProgram[];
}

/** Throws ToolError; nothing was issued then, unless it says so. */
export async function runPlan(
  plan: Plan,
  session: IssuerSession,
  options: RunOptions,
): Promise<RunOutcome> {
  const batches = plan.streams.map((stream) => stream.steps);
  const schedules = scheduleStreams(batches, options);
  refuseTooMany(plan, schedules.passes);
  const loop = options.loop ?? 'native';
  const lanes = await options.lanes.take(plan.streams.length);
  const programs = batches.map((steps) => session.prepare(steps, plan.dialect));
  const parts = lanes.map((lane, i) => {
    const of = batches.map((_, index) => index).filter((index) => index % lanes.length === i);
    return partOf(plan, schedules, programs, { lane, of });
  });
  const before = await measureAll(lanes, options);
  const gate = new Int32Array(new SharedArrayBuffer(4));
  const memories = await Promise.all(
    parts.map(({ lane, works, programs: own }) =>
      lane.prepare(
        {
          streams: works,
          makesCalls: session.makesSystemCalls,
          stopOnError: options.stopOnError,
          maxLeadNs: MAX_LEAD_NS,
          busyShare: 0,
        },
        loop,
        own.map((program) => program.memory.shared),
        gate,
      ),
    ),
  );
  start(memories, gate);
  const cpuTimes = await watch(parts, memories, options);
  const after = await measureAll(lanes, options);
  const threads = parts.map((part, i) =>
    threadReport(part, memories[i], plan, {
      noise_before: before[i] ?? null,
      noise_after: after[i] ?? null,
      cpu_time: cpuTimes[i],
    }),
  );
  const streams = parts
    .flatMap((part, i) => part.of.map((_, at) => streamRun(plan, schedules, part, memories[i], at)))
    .sort((a, b) => a.stream - b.stream);
  const interrupted = options.interrupt.requested;
  const total = batches.reduce((sum, { steps }) => sum + steps, 0) * schedules.passes;
  const done = memories.reduce((sum, memory) => sum + memory.stepsDone, 0);
  return {
    streams,
    threads,
    loop,
    schedules,
    interrupted,
    stopped: done < total && !interrupted,
  };
}

/** Stream i goes to lane i, from the first again where there are more streams than lanes. */
function partOf(
  plan: Plan,
  schedules: Schedules,
  all: readonly CallProgram[],
  { lane, of }: Pick<Part, 'lane' | 'of'>,
): Part {
  const programs = of.map((index) => all[index]);
  const works = of.map((index, at): StreamWork => {
    const { steps } = plan.streams[index];
    const program = programs[at];
    const { dueNs, holdNs } = schedules.streams[index];
    return {
      steps: steps.steps,
      passes: schedules.passes,
      periodNs: schedules.periodNs,
      dueNs,
      holdNs,
      stepCallEnd: program.stepCallEnd,
      stepEntryEnd: steps.entryEnd.subarray(0, steps.steps),
      fd: program.fd,
      request: program.request,
      argument: program.argument,
      commands: program.entries,
      doneWord: program.doneWord,
      joinable: program.joinable,
      words: program.memory.words,
      wordsAddress: program.memory.address,
      maxEntries: plan.chain.online?.maxEntries ?? 0,
    };
  });
  return { lane, of, works, programs };
}

async function measureAll(
  lanes: readonly Lane[],
  { measuresNoise = true }: RunOptions,
): Promise<readonly NoiseFloor[]> {
  if (!measuresNoise) return [];
  // All at once: what they take from each other, they take during the run too.
  return Promise.all(lanes.map((lane) => lane.measureNoise()));
}

/** Lets all threads go; each sleeps to the common start by itself. */
function start(memories: readonly LaneMemory[], gate: Int32Array): void {
  const [seconds, ns] = readMonotonic();
  const startNs = BigInt(seconds) * 1_000_000_000n + BigInt(ns) + START_AHEAD_NS;
  for (const memory of memories) memory.lane.set('start_ns', startNs);
  Atomics.store(gate, 0, 1);
  Atomics.notify(gate, 0);
}

async function watch(
  parts: readonly Part[],
  memories: readonly LaneMemory[],
  { interrupt, progress }: RunOptions,
): Promise<readonly ThreadCpu[]> {
  const look = (): void => {
    progress.update(memories.reduce((sum, memory) => sum + memory.stepsDone, 0));
    if (interrupt.requested) for (const memory of memories) memory.stop();
  };
  const timer = setInterval(look, WATCH_EVERY_MS);
  try {
    return await Promise.all(parts.map(({ lane }) => lane.done()));
  } finally {
    clearInterval(timer);
  }
}

function threadReport(
  { lane, of }: Part,
  memory: LaneMemory,
  plan: Plan,
  measured: Pick<ThreadReport, 'noise_before' | 'noise_after' | 'cpu_time'>,
): ThreadReport {
  const streams = of.map((index) => plan.streams[index].stream);
  return {
    streams,
    state: lane.state,
    ...measured,
    sleeps: memory.lane.get('sleeps'),
    slept_ns: memory.lane.get('slept_ns'),
    lead_ns: memory.lane.get('lead_ns'),
    gaps: memory.gaps().map((gap) => nameGap(gap, lane.state.class, streams)),
    gap_count: memory.lane.get('gaps'),
  };
}

function streamRun(
  plan: Plan,
  schedules: Schedules,
  { of, programs }: Part,
  memory: LaneMemory,
  at: number,
): StreamRun {
  const { stream, steps } = plan.streams[of[at]];
  const program = programs[at];
  return {
    stream,
    steps,
    schedule: schedules.streams[of[at]],
    periodNs: schedules.periodNs,
    output: memory.output(at),
    rows: memory.streams[at].get('rows'),
    fanout: program.fanout * schedules.passes,
    calls: program.calls,
  };
}

function refuseTooMany(plan: Plan, passes: number): void {
  const rows = plan.streams.reduce((sum, { steps }) => sum + steps.steps, 0) * passes;
  if (rows * ROW_BYTES <= MOST_ROW_BYTES) return;
  throw new ToolError(
    'E_USAGE',
    `${rows} steps are more than one run keeps samples of (${Math.floor(MOST_ROW_BYTES / ROW_BYTES)}); nothing was issued`,
    { hint: 'use a smaller --loop, or cut with --begin, --end or --limit' },
  );
}
