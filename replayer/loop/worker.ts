// The thread that issues one stream. Everything is made ready before it says so; then it waits for the
// common start, runs the loop once, and ends. Results are in shared memory when it does.

import { readlinkSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';

import { monotonicClock, type Clock } from './clock.ts';
import { CollectionWatch, collectGarbage } from './collections.ts';
import { runIssueLoop, type LoopOutput } from './issue-loop.ts';
import { boxNumbers, loopHost, loopInput, loopOutput } from './loop-shapes.ts';
import { Landing, measurePace } from './landing.ts';
import { errno, ioctl } from '../calls/native.ts';
import { measureNoise, type NoiseFloor } from './noise.ts';
import { leaveFifo, settleThread } from './realtime.ts';
import { cpuBetween, threadCpu } from './thread-cpu.ts';
import { WAIT, Waiter } from './waiter.ts';
import { warmUp } from './warm-up.ts';
import type { WorkerJob, WorkerMessage } from './worker-job.ts';

function tell(message: WorkerMessage): void {
  parentPort?.postMessage(message);
}

async function run(job: WorkerJob): Promise<void> {
  const clock = monotonicClock(job.anchor);
  const system = { ioctl: job.makesSystemCalls ? ioctl : () => 0, errno };
  const words = new Uint32Array(job.memory);
  const input = loopInput({ ...job.input, argument: boxNumbers(job.argument), words });
  const output = loopOutput(job.output);
  warmUp(clock, system, input);
  touch(output);
  const watch = new CollectionWatch();
  collectGarbage();
  // Again: the collection forgets what the compiled code had been made from. No other follows.
  warmUp(clock, system, input);
  // Last, so that none of the above runs with a real-time thread's rights.
  const state = settleThread(job.thread);
  if ('what' in state) {
    tell({ kind: 'refused', refusal: state });
    return;
  }
  const noise_before = noise(clock, job.noiseNs);
  const { maxLeadNs } = job;
  const waiter = new Waiter(clock, { rests: job.thread.fifo, maxLeadNs });
  const landing = new Landing(measurePace(clock));
  tell({ kind: 'ready', thread: readlinkSync('/proc/thread-self') });
  Atomics.wait(job.gate, 0, 0);
  const from = watch.mark();
  const host = loopHost(clock, waiter, landing, system);
  const cpuFrom = threadCpu();
  const rows = runIssueLoop(host, input, output, job.control, job.startNs[0]);
  const cpu_time = cpuBetween(cpuFrom, threadCpu());
  const to = watch.mark();
  const noise_after = noise(clock, job.noiseNs);
  if (job.thread.fifo) leaveFifo();
  const report = {
    state,
    noise_before,
    noise_after,
    cpu_time,
    collections: await watch.between(from, to),
    sleeps: waiter.sleeps,
    slept_ns: waiter.state[WAIT.sleptNs],
    rests: waiter.rests,
    lead_ns: waiter.state[WAIT.leadNs],
  };
  tell({ kind: 'done', rows, report });
}

function noise(clock: Clock, spanNs: number): NoiseFloor | null {
  return spanNs === 0 ? null : measureNoise(clock, spanNs);
}

/** Writes every page once, so that none faults in during the run. */
function touch(output: LoopOutput): void {
  for (const column of Object.values(output) as readonly Float64Array[]) column.fill(0);
}

await run(workerData as WorkerJob);
