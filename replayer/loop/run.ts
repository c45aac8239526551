// Runs a plan: streams dealt out to lanes, one common start, results merged when all are done. The lanes and
// the issuer's session stay with the caller.

import { ToolError, type Interrupt, type Progress } from '../../collector/base/index.ts';
import type { CallProgram } from '../calls/call-program.ts';
import { PinnedMemory } from '../calls/pinned.ts';
import type { IssuerSession } from '../issuers/issuer.ts';
import type { Plan } from '../planner/index.ts';
import { StepBatch } from '../steps/step-batch.ts';
import { readMonotonic } from './clock.ts';
import { closedPart, dealStreams, requestsUpTo, type ClosedPlan } from './closed-plan.ts';
import { closedOutput, type ClosedOutput, type ClosedWork } from './closed-work.ts';
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
/** struct iommu_hwpt_invalidate (docs/spec.md 2.3). */
const ARRAY_STRUCT_BYTES = 32;
/** Rows are kept in memory until the run is over. */
const MOST_ROW_BYTES = 8 * 1024 ** 3;

export interface RunOptions extends ScheduleOptions {
  /** What is replayed in the closed loop; without it every step has its due time. */
  readonly closed?: ClosedPlan | undefined;
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
  /** Of a closed loop: what became of the rows of each thread. */
  readonly closed: readonly ClosedRun[];
  readonly interrupted: boolean;
  /** Ended early because an ioctl failed and the user asked to stop then. */
  readonly stopped: boolean;
}

/** What became of a thread's rows in the closed loop. */
export interface ClosedRun {
  /** Numbers in the recording, by their numbers in `output`. */
  readonly streams: readonly number[];
  readonly waiters: readonly number[];
  readonly output: ClosedOutput;
}

/** One stream of a lane. */
interface LaneStream {
  readonly stream: number;
  readonly steps: StepBatch;
  readonly schedule: Schedule;
  readonly program: CallProgram;
  readonly work: StreamWork;
}

/** A lane's part of one run. */
interface Part {
  readonly lane: Lane;
  readonly streams: readonly LaneStream[];
  readonly closed: ClosedWork | undefined;
}

/** Throws ToolError; nothing was issued then, unless it says so. */
export async function runPlan(
  plan: Plan,
  session: IssuerSession,
  options: RunOptions,
): Promise<RunOutcome> {
  const { closed } = options;
  const batches =
    closed === undefined
      ? plan.streams
      : [...closed.steps].map(([stream, steps]) => ({ stream, steps }));
  const schedules = scheduleStreams(
    batches.map(({ steps }) => steps),
    options,
  );
  refuseTooMany(batches, schedules.passes);
  const loop = options.loop ?? 'native';
  const streams = batches.map(({ stream, steps }, i) =>
    laneStream(plan, session, schedules, { stream, steps, schedule: schedules.streams[i], closed }),
  );
  const lanes = await options.lanes.take(streams.length);
  const parts =
    closed === undefined
      ? lanes.map((lane, i) => openPart(lane, streams, i, lanes.length))
      : closedParts(closed, streams, lanes, { schedules, options, dialect: plan.dialect });
  const before = await measureAll(parts, options);
  const gate = new Int32Array(new SharedArrayBuffer(4));
  const memories = await Promise.all(
    parts.map((part) =>
      part.lane.prepare(
        {
          streams: part.streams.map(({ work }) => work),
          makesCalls: session.makesSystemCalls,
          stopOnError: options.stopOnError,
          maxLeadNs: MAX_LEAD_NS,
          busyShare: 0,
          closed: part.closed,
        },
        loop,
        part.streams.map(({ program }) => program.memory.shared),
        gate,
      ),
    ),
  );
  start(memories, gate);
  const cpuTimes = await watch(parts, memories, options);
  const after = await measureAll(parts, options);
  const interrupted = options.interrupt.requested;
  const total = batches.reduce((sum, { steps }) => sum + steps.steps, 0) * schedules.passes;
  const done = memories.reduce((sum, memory) => sum + memory.stepsDone, 0);
  return {
    streams: parts
      .flatMap((part, i) =>
        part.streams.map((_, at) => streamRun(schedules, part, memories[i], at)),
      )
      .sort((a, b) => a.stream - b.stream),
    threads: parts.map((part, i) =>
      threadReport(part, memories[i], {
        noise_before: before[i] ?? null,
        noise_after: after[i] ?? null,
        cpu_time: cpuTimes[i],
      }),
    ),
    loop,
    schedules,
    closed: parts.flatMap((part, i) => closedRun(part, memories[i])),
    interrupted,
    stopped: done < total && !interrupted,
  };
}

function laneStream(
  plan: Plan,
  session: IssuerSession,
  { passes, periodNs }: Schedules,
  of: Pick<LaneStream, 'stream' | 'steps' | 'schedule'> & Pick<RunOptions, 'closed'>,
): LaneStream {
  const { stream, steps, schedule, closed } = of;
  const program = session.prepare(steps, plan.dialect);
  const isPlanned = closed?.isPlanned === true;
  return {
    stream,
    steps,
    schedule,
    program,
    work: {
      steps: steps.steps,
      passes,
      periodNs,
      dueNs: schedule.dueNs,
      stepCallEnd: program.stepCallEnd,
      stepEntryEnd: isPlanned
        ? requestsUpTo(closed, stream, steps)
        : steps.entryEnd.subarray(0, steps.steps),
      fd: program.fd,
      request: program.request,
      argument: program.argument,
      commands: program.entries,
      doneWord: program.doneWord,
      joinable: program.joinable,
      words: program.memory.words,
      wordsAddress: program.memory.address,
      maxEntries: plan.chain.online?.maxEntries ?? 0,
    },
  };
}

/** Stream i goes to lane i, from the first again where there are more streams than lanes. */
function openPart(lane: Lane, streams: readonly LaneStream[], i: number, lanes: number): Part {
  return { lane, streams: streams.filter((_, at) => at % lanes === i), closed: undefined };
}

function closedParts(
  plan: ClosedPlan,
  streams: readonly LaneStream[],
  lanes: readonly Lane[],
  on: {
    readonly schedules: Schedules;
    readonly options: RunOptions;
    readonly dialect: Plan['dialect'];
  },
): readonly Part[] {
  const { schedules, options, dialect } = on;
  const { passes, periodNs, time } = schedules;
  const speed = 'speed' in options.pacing ? options.pacing.speed : 1;
  return dealStreams(plan.rows, lanes.length).map((dealt, i) => {
    const part = closedPart(plan, dealt, { time, speed, passes, periodNs });
    const own = part.submissions.streams.map(
      (stream) => streams.find((each) => each.stream === stream) ?? emptyStream(stream),
    );
    const commands = own.reduce((sum, { program }) => sum + sumOf(program.entries), 0);
    const closed: ClosedWork = {
      submissions: part.submissions,
      grouping: plan.grouping,
      serial: plan.serial,
      stepOf: (seq) => part.stepOf(seq),
      isPlanned: plan.isPlanned,
      gatherBytes: ARRAY_STRUCT_BYTES + commands * passes * dialect.entryBytes,
    };
    return { lane: lanes[i], streams: own, closed };
  });
}

/** A stream with barriers and nothing to replay. */
function emptyStream(stream: number): LaneStream {
  const memory = new PinnedMemory(8);
  const none = new Uint32Array(0);
  const nothing = new Float64Array(0);
  const program: CallProgram = {
    calls: 0,
    stepCallEnd: none,
    fd: -1,
    request: none,
    argument: nothing,
    entries: none,
    doneWord: none,
    joinable: new Uint8Array(0),
    memory,
    fanout: 0,
  };
  return {
    stream,
    steps: new StepBatch(),
    schedule: { dueNs: nothing, barrierNs: nothing },
    program,
    work: {
      steps: 0,
      passes: 1,
      periodNs: 0,
      dueNs: nothing,
      stepCallEnd: none,
      stepEntryEnd: none,
      fd: -1,
      request: none,
      argument: nothing,
      commands: none,
      doneWord: none,
      joinable: new Uint8Array(0),
      words: memory.words,
      wordsAddress: memory.address,
      maxEntries: 0,
    },
  };
}

function closedRun({ closed }: Part, memory: LaneMemory): readonly ClosedRun[] {
  if (closed === undefined) return [];
  const output = closedOutput(memory.shared, memory.lane.get('closed_at'), closed);
  const { streams, waiters } = closed.submissions;
  closed.submissions.close();
  return [{ streams, waiters, output }];
}

const sumOf = (values: Uint32Array): number => values.reduce((sum, value) => sum + value, 0);

async function measureAll(
  parts: readonly Part[],
  { measuresNoise = true }: RunOptions,
): Promise<readonly NoiseFloor[]> {
  if (!measuresNoise) return [];
  // All at once: what they take from each other, they take during the run too.
  return Promise.all(parts.map(({ lane }) => lane.measureNoise()));
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
  { lane, streams: own }: Part,
  memory: LaneMemory,
  measured: Pick<ThreadReport, 'noise_before' | 'noise_after' | 'cpu_time'>,
): ThreadReport {
  const streams = own.map(({ stream }) => stream);
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
  { passes, periodNs }: Schedules,
  { streams }: Part,
  memory: LaneMemory,
  at: number,
): StreamRun {
  const { stream, steps, schedule, program } = streams[at];
  return {
    stream,
    steps,
    schedule,
    periodNs,
    output: memory.output(at),
    rows: memory.streams[at].get('rows'),
    fanout: program.fanout * passes,
    calls: program.calls,
  };
}

function refuseTooMany(streams: readonly { readonly steps: StepBatch }[], passes: number): void {
  const rows = streams.reduce((sum, { steps }) => sum + steps.steps, 0) * passes;
  if (rows * ROW_BYTES <= MOST_ROW_BYTES) return;
  throw new ToolError(
    'E_USAGE',
    `${rows} steps are more than one run keeps samples of (${Math.floor(MOST_ROW_BYTES / ROW_BYTES)}); nothing was issued`,
    { hint: 'use a smaller --loop, or cut with --begin, --end or --limit' },
  );
}
