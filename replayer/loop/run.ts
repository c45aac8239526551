// Runs a plan: one thread per stream, one common start, results merged when all are done. Owns the
// threads; the issuer's session stays with the caller.

import { availableParallelism } from 'node:os';

import { ToolError, type Interrupt, type Progress } from '../../collector/base/index.ts';
import type { CallProgram } from '../calls/call-program.ts';
import type { IssuerSession } from '../issuers/issuer.ts';
import type { Plan, StepBatch } from '../planner/index.ts';
import { monotonicClock, readMonotonic } from './clock.ts';
import { findHoles, type Hole, type ThreadSample } from './holes.ts';
import { CONTROL, type LoopInput, type LoopOutput } from './issue-loop.ts';
import { startThread, type IssuingThread } from './issuing-thread.ts';
import { sharedOutput } from './loop-shapes.ts';
import {
  scheduleStreams,
  type Schedule,
  type ScheduleOptions,
  type Schedules,
} from './schedule.ts';
import { sampleThread } from './thread-watch.ts';
import type { ThreadReport, WorkerJob } from './worker-job.ts';

/** Time between the last thread's ready and the common start. */
const START_AHEAD_NS = 20e6;
const WATCH_EVERY_MS = 100;
const NOISE_NS = 200e6;
/** A lead above this would be spinning rather than waiting; on a shared CPU it is another's time. */
const MAX_LEAD_NS = 100e3;
const MAX_LEAD_SHARED_NS = 20e3;
const ROW_BYTES = 3 * 8 + 5 * 4;
/** Rows are kept in memory until the run is over. */
const MOST_ROW_BYTES = 8 * 1024 ** 3;

export interface RunOptions extends ScheduleOptions {
  readonly stopOnError: boolean;
  /** Stream i is pinned to CPU i of these, from the front again where there are more streams. */
  readonly cpus?: readonly number[];
  /** SCHED_FIFO; refused with the reason where the host does not grant it. */
  readonly fifo?: boolean;
  /** How long the noise floor is measured before and after; 0 leaves it out. */
  readonly noiseNs?: number;
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
  readonly report: ThreadReport;
  readonly holes: readonly Hole[];
}

export interface RunOutcome {
  readonly streams: readonly StreamRun[];
  readonly schedules: Schedules;
  /** Streams that had to share a CPU with another at least; 1 where each had its own. */
  readonly streamsPerCpu: number;
  readonly interrupted: boolean;
  /** Ended early because an ioctl failed and the user asked to stop then. */
  readonly stopped: boolean;
}

interface Lane {
  readonly stream: number;
  readonly steps: StepBatch;
  readonly schedule: Schedule;
  readonly program: CallProgram;
  readonly output: LoopOutput;
  readonly control: Int32Array;
  readonly thread: IssuingThread;
  readonly samples: ThreadSample[];
}

/** What all lanes have in common. */
interface Common {
  readonly gate: Int32Array;
  readonly startNs: Float64Array;
  readonly anchor: readonly [number, number];
}

/** Throws ToolError; nothing was issued then, unless it says so. */
export async function runPlan(
  plan: Plan,
  session: IssuerSession,
  options: RunOptions,
): Promise<RunOutcome> {
  const schedules = scheduleStreams(
    plan.streams.map((stream) => stream.steps),
    options,
  );
  refuseTooMany(plan, schedules.passes);
  const common: Common = {
    gate: new Int32Array(new SharedArrayBuffer(4)),
    startNs: new Float64Array(new SharedArrayBuffer(8)),
    anchor: readMonotonic(),
  };
  const cpus = options.cpus?.length ?? availableParallelism();
  const streamsPerCpu = Math.ceil(plan.streams.length / cpus);
  const lanes = plan.streams.map((_, i) =>
    openLane(plan, session, options, { schedules, common, cpus, streamsPerCpu }, i),
  );
  try {
    const places = await Promise.all(lanes.map((lane) => lane.thread.ready));
    const done = await start(lanes, places, common, options);
    const streams = lanes.map((lane, i) => closeLane(lane, done[i], schedules, options));
    const interrupted = options.interrupt.requested;
    const total = (lane: Lane): number => lane.steps.steps * schedules.passes;
    const isShort = lanes.some((lane) => lane.control[CONTROL.stepsDone] < total(lane));
    return { streams, schedules, streamsPerCpu, interrupted, stopped: isShort && !interrupted };
  } finally {
    await Promise.all(lanes.map((lane) => lane.thread.terminate()));
  }
}

/** Lets all threads go at one moment, and watches them until the last is done. */
async function start(
  lanes: readonly Lane[],
  places: readonly string[],
  common: Common,
  options: RunOptions,
): Promise<readonly Awaited<IssuingThread['done']>[]> {
  const clock = monotonicClock(common.anchor);
  const startNs = clock.now() + START_AHEAD_NS;
  common.startNs[0] = startNs;
  const sample = (): void => {
    lanes.forEach((lane, i) => lane.samples.push(sampleThread(places[i], clock.now() - startNs)));
  };
  sample();
  common.gate[0] = 1;
  Atomics.notify(common.gate, 0);
  const watch = setInterval(() => {
    sample();
    options.progress.update(lanes.reduce((sum, lane) => sum + lane.control[CONTROL.stepsDone], 0));
    if (options.interrupt.requested) for (const lane of lanes) lane.control[CONTROL.stop] = 1;
  }, WATCH_EVERY_MS);
  const done = await Promise.all(lanes.map((lane) => lane.thread.done)).finally(() =>
    clearInterval(watch),
  );
  sample();
  return done;
}

function openLane(
  plan: Plan,
  session: IssuerSession,
  options: RunOptions,
  {
    schedules,
    common,
    cpus,
    streamsPerCpu,
  }: { schedules: Schedules; common: Common; cpus: number; streamsPerCpu: number },
  i: number,
): Lane {
  const { stream, steps } = plan.streams[i];
  const schedule = schedules.streams[i];
  const program = session.prepare(steps, plan.dialect);
  const input: Omit<LoopInput, 'words' | 'argument'> = {
    ...schedule,
    steps: steps.steps,
    passes: schedules.passes,
    periodNs: schedules.periodNs,
    stepCallEnd: program.stepCallEnd,
    fd: program.fd,
    request: program.request,
    entries: program.entries,
    doneWord: program.doneWord,
    joinable: program.joinable,
    onlineMaxEntries: plan.chain.online?.maxEntries ?? 0,
    stopOnError: options.stopOnError,
  };
  const output = sharedOutput(steps.steps * schedules.passes);
  const control = new Int32Array(new SharedArrayBuffer(CONTROL.WORDS * 4));
  const job: WorkerJob = {
    ...common,
    input,
    argument: program.argument,
    memory: program.memory.shared,
    output,
    control,
    thread: { cpu: options.cpus?.[i % options.cpus.length], fifo: options.fifo ?? false },
    maxLeadNs: streamsPerCpu > 1 ? MAX_LEAD_SHARED_NS : MAX_LEAD_NS,
    // One thread a CPU measures: two would measure each other.
    noiseNs: i < cpus ? (options.noiseNs ?? NOISE_NS) : 0,
    makesSystemCalls: session.makesSystemCalls,
  };
  const thread = startThread(job);
  return { stream, steps, schedule, program, output, control, thread, samples: [] };
}

function closeLane(
  lane: Lane,
  { rows, report }: Awaited<IssuingThread['done']>,
  schedules: Schedules,
  options: RunOptions,
): StreamRun {
  const { stream, steps, schedule, output, program } = lane;
  return {
    stream,
    steps,
    schedule,
    periodNs: schedules.periodNs,
    output,
    rows,
    fanout: program.fanout * schedules.passes,
    calls: program.calls,
    report,
    holes: findHoles({ ...output, rows }, lane.samples, options.fifo ?? false),
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
