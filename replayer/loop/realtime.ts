// What a thread asks of the scheduler: its CPU, SCHED_FIFO, 1 ns of timer slack. Settings are per thread,
// so the issuing thread calls this itself. Never mlockall: V8 aborts at exit when the limit is met.

import {
  ERRNO,
  PR_SET_TIMERSLACK,
  SCHED_FIFO,
  errno,
  errnoName,
  prctl,
  schedGetaffinity,
  schedSetaffinity,
  schedSetscheduler,
} from '../calls/native.ts';
import { PinnedMemory } from '../calls/pinned.ts';

export interface ThreadWish {
  /** Pins the thread; stays where the scheduler puts it where undefined. */
  readonly cpu: number | undefined;
  readonly fifo: boolean;
}

export interface ThreadState {
  readonly policy: 'fifo' | 'other';
  readonly priority: number;
  /** Pinned to; null where it may move. */
  readonly cpu: number | null;
  readonly timer_slack_ns: number | null;
}

/** Below the kernel's own real-time threads' usual 50: an interrupt thread must not wait for a replay. */
const PRIORITY = 40;
const MASK_BYTES = 128; // 1,024 CPUs

/** Why a wish was not granted, in words; undefined where it was. */
export type Refusal = { readonly what: string; readonly why: string; readonly hint: string };

export function pinTo(cpu: number): Refusal | undefined {
  const mask = new PinnedMemory(MASK_BYTES);
  mask.words[Math.floor(cpu / 32)] = (1 << (cpu % 32)) >>> 0;
  if (schedSetaffinity(0, MASK_BYTES, mask.address) === 0) return undefined;
  return {
    what: `the issuing thread cannot run on CPU ${cpu}`,
    why: errnoName(errno()),
    hint: `this process may use CPU ${allowedCpus().join(', ')}; see --cpus`,
  };
}

/** CPUs that this thread may run on. */
export function allowedCpus(): readonly number[] {
  const mask = new PinnedMemory(MASK_BYTES);
  schedGetaffinity(0, MASK_BYTES, mask.address);
  return Array.from({ length: MASK_BYTES * 8 }, (_, cpu) => cpu).filter(
    (cpu) => ((mask.words[Math.floor(cpu / 32)] >>> (cpu % 32)) & 1) === 1,
  );
}

/** Turns this thread to SCHED_FIFO. */
export function goFifo(): Refusal | undefined {
  const param = new PinnedMemory(8);
  param.words[0] = PRIORITY;
  if (schedSetscheduler(0, SCHED_FIFO, param.address) === 0) return undefined;
  const code = errno();
  return {
    what: 'SCHED_FIFO was refused',
    why: code === ERRNO.EPERM ? 'no permission (EPERM)' : errnoName(code),
    hint:
      code === ERRNO.EPERM
        ? "give it CAP_SYS_NICE or an rtprio limit of 40 or more (see 'iotlb doctor --timing'), or leave --fifo out"
        : "leave --fifo out, or see 'iotlb doctor --timing'",
  };
}

/** Back to SCHED_OTHER: what follows the run must not hold the CPU. */
export function leaveFifo(): void {
  const param = new PinnedMemory(8);
  schedSetscheduler(0, 0, param.address);
}

/** Grants what it can; the first refusal ends it. */
export function settleThread(wish: ThreadWish): ThreadState | Refusal {
  if (wish.cpu !== undefined) {
    const refusal = pinTo(wish.cpu);
    if (refusal !== undefined) return refusal;
  }
  const hasSlack = prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0) === 0;
  if (wish.fifo) {
    const refusal = goFifo();
    if (refusal !== undefined) return refusal;
  }
  return {
    policy: wish.fifo ? 'fifo' : 'other',
    priority: wish.fifo ? PRIORITY : 0,
    cpu: wish.cpu ?? null,
    timer_slack_ns: hasSlack ? 1 : null,
  };
}
