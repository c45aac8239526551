// One issuing thread as the thread that started it sees it: ready, done, or why not.

import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';

import { ToolError } from '../../collector/base/index.ts';
import type { ThreadReport, WorkerJob, WorkerMessage } from './worker-job.ts';

/** For threads that start after this; Node takes them at any time. */
const ENGINE_FLAGS: readonly string[] = [
  // Compiles on the spot: on a busy host a background compiler may come too late for the first request.
  '--no-concurrent-recompilation',
  '--no-concurrent-osr',
  // All of the loop in one piece: a clock reading that is not inlined leaves an array behind.
  '--max-inlined-bytecode-size-cumulative=8000',
  '--min-semi-space-size=16',
];

/** Room for what little the loop allocates when it sleeps: a collection would be a hole. */
const YOUNG_MB = 64;

export interface IssuingThread {
  /** Resolves to the thread's place in /proc. */
  readonly ready: Promise<string>;
  readonly done: Promise<{ readonly rows: number; readonly report: ThreadReport }>;
  terminate(): Promise<number>;
}

/** Both promises reject with ToolError where the thread fails or the host refuses what was asked. */
export function startThread(job: WorkerJob): IssuingThread {
  for (const flag of ENGINE_FLAGS) setFlagsFromString(flag);
  const worker = new Worker(new URL('./worker.js', import.meta.url), {
    workerData: job,
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
  });
  const failed = new Promise<never>((_, reject) => {
    worker.once('error', (error) => {
      reject(
        new ToolError('E_IO', `the issuing thread failed: ${String(error)}`, { cause: error }),
      );
    });
    worker.on('message', (message: WorkerMessage) => {
      if (message.kind !== 'refused') return;
      const { what, why, hint } = message.refusal;
      reject(new ToolError('E_PERMISSION', `${what}: ${why}. Nothing was issued.`, { hint }));
    });
  });
  failed.catch(() => undefined); // reported through the races below
  const heard = <T>(pick: (message: WorkerMessage) => T | undefined): Promise<T> => {
    const told = new Promise<T>((resolve) => {
      worker.on('message', (message: WorkerMessage) => {
        const value = pick(message);
        if (value !== undefined) resolve(value);
      });
    });
    const either = Promise.race([told, failed]);
    either.catch(() => undefined); // the other promise may be the one that is awaited
    return either;
  };
  return {
    ready: heard((message) => (message.kind === 'ready' ? message.thread : undefined)),
    done: heard((message) => (message.kind === 'done' ? message : undefined)),
    terminate: () => worker.terminate(),
  };
}
