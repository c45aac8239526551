// The thread that issues one stream. Everything is made ready before it says so; then it waits for the
// common start, runs the loop once, and ends. Results are in shared memory when it does.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { parentPort, workerData } from 'node:worker_threads';

import { monotonicClock } from './clock.ts';
import {
  CONTROL,
  runIssueLoop,
  type LoopHost,
  type LoopInput,
  type LoopOutput,
} from './issue-loop.ts';
import { close, errno, ioctl, open } from './native.ts';
import { PinnedMemory } from './pinned.ts';

/** What a worker is given; typed arrays of `output` and `control` are shared with the thread that waits. */
export interface WorkerJob {
  readonly input: Omit<LoopInput, 'words'>;
  readonly memory: SharedArrayBuffer;
  readonly output: LoopOutput;
  readonly control: Int32Array;
  /** Word 0 becomes 1 when `startNs[0]` holds the common start. */
  readonly gate: Int32Array;
  readonly startNs: Float64Array;
  readonly anchor: readonly [number, number];
  readonly spinNs: number;
  /** False: the loop runs, its calls are not made. */
  readonly makesSystemCalls: boolean;
}

export type WorkerMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'done'; readonly rows: number };

const WARM_STEPS = 20_000;
const WARM_ROUNDS = 3;

/** Runs the very loop on the very shapes against a descriptor that refuses, until it is compiled. */
function warmUp(host: LoopHost, job: WorkerJob): void {
  const fd = open('/dev/null', 0o2000002);
  const steps = Math.min(WARM_STEPS, Math.max(1, job.input.steps));
  const shared = (bytes: number): SharedArrayBuffer => new SharedArrayBuffer(bytes);
  const memory = new PinnedMemory(64);
  const input: LoopInput = {
    ...job.input,
    steps,
    fd,
    dueNs: new Float64Array(steps),
    stepCallEnd: Uint32Array.from({ length: steps }, (_, i) => i + 1),
    request:
      job.input.request.slice(0, 1).length === 0
        ? new Uint32Array(steps)
        : new Uint32Array(steps).fill(job.input.request[0]),
    argument: new Float64Array(steps).fill(memory.address),
    entries: new Uint32Array(steps).fill(1),
    doneWord: new Uint32Array(steps).fill(6),
    joinable: new Uint8Array(steps),
    words: memory.words,
  };
  const output: LoopOutput = {
    dueNs: new Float64Array(shared(steps * 8)),
    issuedNs: new Float64Array(shared(steps * 8)),
    completedNs: new Float64Array(shared(steps * 8)),
    lastStep: new Uint32Array(shared(steps * 4)),
    calls: new Uint32Array(shared(steps * 4)),
    entries: new Uint32Array(shared(steps * 4)),
    reported: new Uint32Array(shared(steps * 4)),
    errno: new Int32Array(shared(steps * 4)),
  };
  const control = new Int32Array(shared(CONTROL.WORDS * 4));
  for (let round = 0; round < WARM_ROUNDS; round++) {
    runIssueLoop(host, { ...input, stopOnError: false }, output, control, 0, {
      spinNs: job.spinNs,
    });
  }
  close(fd);
}

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  gc();
}

function run(job: WorkerJob): void {
  const clock = monotonicClock(job.anchor);
  const host: LoopHost = { clock, ioctl: job.makesSystemCalls ? ioctl : () => 0, errno };
  const input: LoopInput = { ...job.input, words: new Uint32Array(job.memory) };
  warmUp(host, job);
  collectGarbage();
  parentPort?.postMessage({ kind: 'ready' } satisfies WorkerMessage);
  Atomics.wait(job.gate, 0, 0);
  const rows = runIssueLoop(host, input, job.output, job.control, job.startNs[0], {
    spinNs: job.spinNs,
  });
  parentPort?.postMessage({ kind: 'done', rows } satisfies WorkerMessage);
}

run(workerData as WorkerJob);
