// Runs a plan: one worker per stream, one common start, results merged when all are done. Owns the
// workers; the issuer's session stays with the caller.

import { Worker } from 'node:worker_threads';

import { ToolError, type Interrupt, type Progress } from '../../collector/base/index.ts';
import type { IssuerSession } from '../issuers/issuer.ts';
import type { Plan, StepBatch } from '../plan/index.ts';
import { monotonicClock, readMonotonic } from './clock.ts';
import { CONTROL, type LoopOutput } from './issue-loop.ts';
import { scheduleSteps, type Pacing, type Schedule } from './schedule.ts';
import type { WorkerJob, WorkerMessage } from './worker.ts';

/** Time between the last worker's ready and the common start. */
const START_AHEAD_NS = 20e6;
const PROGRESS_EVERY_MS = 200;

export interface RunOptions {
  readonly pacing: Pacing;
  readonly stopOnError: boolean;
  readonly interrupt: Interrupt;
  readonly progress: Progress;
}

/** One stream as it was run. Rows 0 … rows - 1 of `output` hold. */
export interface StreamRun {
  readonly stream: number;
  readonly steps: StepBatch;
  readonly schedule: Schedule;
  readonly output: LoopOutput;
  readonly rows: number;
  readonly fanout: number;
  readonly calls: number;
}

export interface RunOutcome {
  readonly streams: readonly StreamRun[];
  readonly interrupted: boolean;
  /** Ended early because an ioctl failed and the user asked to stop then. */
  readonly stopped: boolean;
}

/** Spin the last stretch: sleeping is coarse, spinning all the time starves the host. */
const SPIN_NS = 60_000;

export async function runPlan(
  plan: Plan,
  session: IssuerSession,
  options: RunOptions,
): Promise<RunOutcome> {
  const originNs = Math.min(...plan.streams.map((stream) => stream.steps.dueNs[0]));
  const anchor = readMonotonic();
  const gate = new Int32Array(new SharedArrayBuffer(4));
  const startNs = new Float64Array(new SharedArrayBuffer(8));
  const lanes = plan.streams.map(({ stream, steps }) => {
    const schedule = scheduleSteps(steps, options.pacing, originNs);
    const program = session.prepare(steps, plan.dialect);
    const output = sharedOutput(steps.steps);
    const control = new Int32Array(new SharedArrayBuffer(CONTROL.WORDS * 4));
    const job: WorkerJob = {
      input: {
        steps: steps.steps,
        dueNs: schedule.dueNs,
        stepCallEnd: program.stepCallEnd,
        fd: program.fd,
        request: program.request,
        argument: program.argument,
        entries: program.entries,
        doneWord: program.doneWord,
        joinable: program.joinable,
        onlineMaxEntries: plan.chain.online?.maxEntries ?? 0,
        stopOnError: options.stopOnError,
      },
      memory: program.memory.shared,
      output,
      control,
      gate,
      startNs,
      anchor,
      spinNs: SPIN_NS,
      makesSystemCalls: session.makesSystemCalls,
    };
    return { stream, steps, schedule, program, output, control, worker: startWorker(job) };
  });
  try {
    await Promise.all(lanes.map((lane) => lane.worker.ready));
    startNs[0] = monotonicClock(anchor).now() + START_AHEAD_NS;
    gate[0] = 1;
    Atomics.notify(gate, 0);
    const watch = setInterval(() => {
      const done = lanes.reduce((sum, lane) => sum + lane.control[CONTROL.stepsDone], 0);
      options.progress.update(done);
      if (options.interrupt.requested) for (const lane of lanes) lane.control[CONTROL.stop] = 1;
    }, PROGRESS_EVERY_MS);
    const rows = await Promise.all(lanes.map((lane) => lane.worker.done)).finally(() =>
      clearInterval(watch),
    );
    return {
      streams: lanes.map((lane, i) => ({
        stream: lane.stream,
        steps: lane.steps,
        schedule: lane.schedule,
        output: lane.output,
        rows: rows[i],
        fanout: lane.program.fanout,
        calls: lane.program.calls,
      })),
      interrupted: options.interrupt.requested,
      stopped: lanes.some(
        (lane, i) =>
          rows[i] > 0 &&
          !options.interrupt.requested &&
          lane.control[CONTROL.stepsDone] < lane.steps.steps,
      ),
    };
  } finally {
    for (const lane of lanes) void lane.worker.terminate();
  }
}

function sharedOutput(rows: number): LoopOutput {
  const f64 = (): Float64Array => new Float64Array(new SharedArrayBuffer(Math.max(8, rows * 8)));
  const u32 = (): Uint32Array => new Uint32Array(new SharedArrayBuffer(Math.max(4, rows * 4)));
  return {
    dueNs: f64(),
    issuedNs: f64(),
    completedNs: f64(),
    lastStep: u32(),
    calls: u32(),
    entries: u32(),
    reported: u32(),
    errno: new Int32Array(new SharedArrayBuffer(Math.max(4, rows * 4))),
  };
}

interface RunningWorker {
  readonly ready: Promise<void>;
  readonly done: Promise<number>;
  terminate(): Promise<number>;
}

function startWorker(job: WorkerJob): RunningWorker {
  const worker = new Worker(new URL('./worker.js', import.meta.url), { workerData: job });
  const failed = new Promise<never>((_, reject) => {
    worker.once('error', (error) => {
      reject(
        new ToolError('E_IO', `the issuing thread failed: ${String(error)}`, { cause: error }),
      );
    });
  });
  const message = <T>(pick: (message: WorkerMessage) => T | undefined): Promise<T> =>
    new Promise((resolve) => {
      worker.on('message', (received: WorkerMessage) => {
        const value = pick(received);
        if (value !== undefined) resolve(value);
      });
    });
  failed.catch(() => undefined); // reported through the races below
  return {
    ready: Promise.race([
      message((m) => (m.kind === 'ready' ? true : undefined)).then(() => undefined),
      failed,
    ]),
    done: Promise.race([message((m) => (m.kind === 'done' ? m.rows : undefined)), failed]),
    terminate: () => worker.terminate(),
  };
}
