// What an issuing thread is given and what it tells: the messages between run.ts and worker.ts.

import type { LoopInput, LoopOutput } from './issue-loop.ts';
import type { NoiseFloor } from './noise.ts';
import type { ThreadCpu } from './thread-cpu.ts';
import type { Refusal, ThreadState, ThreadWish } from './realtime.ts';

/** Typed arrays of `output` and `control` are shared with the thread that waits. */
export interface WorkerJob {
  readonly input: Omit<LoopInput, 'words' | 'argument'>;
  /** Addresses, before they are boxed. */
  readonly argument: Float64Array;
  readonly memory: SharedArrayBuffer;
  readonly output: LoopOutput;
  readonly control: Int32Array;
  /** Word 0 becomes 1 when `startNs[0]` holds the common start. */
  readonly gate: Int32Array;
  readonly startNs: Float64Array;
  readonly anchor: readonly [number, number];
  readonly thread: ThreadWish;
  /** Longest stretch that it spins before a due time. */
  readonly maxLeadNs: number;
  /** How long the noise floor is measured before and after; 0 leaves it out. */
  readonly noiseNs: number;
  /** False: the loop runs, its calls are not made. */
  readonly makesSystemCalls: boolean;
}

/** What the thread saw of itself during the run. */
export interface ThreadReport {
  readonly state: ThreadState;
  readonly noise_before: NoiseFloor | null;
  readonly noise_after: NoiseFloor | null;
  /** CPU time from the common start to the last return; waiting by spinning is user time. */
  readonly cpu_time: ThreadCpu;
  /** Garbage collections of this thread's heap between the first step and the last. */
  readonly collections: number;
  readonly sleeps: number;
  readonly slept_ns: number;
  /** Forced, to stay under the kernel's limit for real-time threads. */
  readonly rests: number;
  /** How long before a due time it last turned from sleeping to spinning. */
  readonly lead_ns: number;
}

export type WorkerMessage =
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  /** `thread` is what /proc/thread-self points to. */
  | { readonly kind: 'ready'; readonly thread: string }
  | { readonly kind: 'done'; readonly rows: number; readonly report: ThreadReport };
