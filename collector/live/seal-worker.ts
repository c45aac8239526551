// Seals a finished part in a thread of its own, so that recording goes on meanwhile. The part is a
// complete stream before and a sealed file after; a failure leaves the stream.

import { Worker, isMainThread, workerData } from 'node:worker_threads';

import { sealTrace } from '../format/index.ts';
import type { TraceHeader } from '../model/index.ts';

interface Task {
  readonly path: string;
  readonly header: TraceHeader;
}

/** Resolves when the part is sealed, rejects with the reason why it is not. */
export async function sealInBackground(path: string, header: TraceHeader): Promise<void> {
  const task: Task = { path, header };
  const worker = new Worker(new URL(import.meta.url), { workerData: { seal: task } });
  await new Promise<void>((resolve, reject) => {
    worker.once('error', reject);
    worker.once('exit', () => resolve());
  });
}

function isTask(data: unknown): data is { readonly seal: Task } {
  return typeof data === 'object' && data !== null && 'seal' in data;
}

if (!isMainThread && isTask(workerData)) {
  const { path, header } = workerData.seal;
  sealTrace(path, path, { header: () => header });
}
