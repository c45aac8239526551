// The messages between a lane (lane.ts) and its thread (worker.ts): one answer per question.

import type { NoiseFloor } from './noise.ts';
import type { Refusal, ThreadState, ThreadWish } from './thread-class.ts';
import type { ThreadCpu } from './thread-cpu.ts';

export type LoopName = 'native' | 'javascript';

/** One run: a laid-out block, and the memory of each of its streams' calls. */
export interface RunJob {
  readonly loop: LoopName;
  readonly block: SharedArrayBuffer;
  readonly programs: readonly SharedArrayBuffer[];
  /** Word 0 becomes 1 when the block holds the common start. */
  readonly gate: Int32Array;
}

export type Question =
  | { readonly kind: 'settle'; readonly wish: ThreadWish }
  /** Answered when the thread waits at the gate, and again when it is done. */
  | { readonly kind: 'run'; readonly job: RunJob }
  | { readonly kind: 'noise'; readonly spanNs: number };

export type Answer =
  | { readonly kind: 'settled'; readonly state: ThreadState }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  | { readonly kind: 'at-gate' }
  /** CPU time from the gate to the last return; waiting by spinning is user time. */
  | { readonly kind: 'done'; readonly cpuTime: ThreadCpu }
  | { readonly kind: 'noise'; readonly floor: NoiseFloor };
