// The scheduling class of an issuing thread: the best that the host allows, or the one that was asked for. All
// of it is per thread, so the issuing thread calls this itself, and only for the time of a run: what follows
// must not hold the CPU, and a DEADLINE thread may not start others.

import {
  ERRNO,
  PR_SET_TIMERSLACK,
  errno,
  errnoName,
  prctl,
  schedGetaffinity,
  schedSetaffinity,
} from '../calls/native.ts';
import { PinnedMemory } from '../calls/pinned.ts';
import type { LoopLibrary } from './native/library.ts';

export const THREAD_CLASSES = ['deadline', 'fifo', 'other'] as const;
export type ThreadClass = (typeof THREAD_CLASSES)[number];
export const CLASS_WISHES = ['auto', ...THREAD_CLASSES] as const;
export type ClassWish = (typeof CLASS_WISHES)[number];

export interface ThreadWish {
  /** Pins the thread; stays where the scheduler puts it where undefined. */
  readonly cpu: number | undefined;
  readonly class: ClassWish;
}

export interface ThreadState {
  readonly class: ThreadClass;
  /** Why it is not a better class; null where it is the best, or the one asked for. */
  readonly instead: string | null;
  readonly priority: number;
  /** Pinned to; null where it may move. */
  readonly cpu: number | null;
  readonly timer_slack_ns: number | null;
}

/** Why a wish was not granted, in words. */
export type Refusal = { readonly what: string; readonly why: string; readonly hint: string };

/** Below the kernel's own real-time threads' usual 50: an interrupt thread must not wait for a replay. */
export const FIFO_PRIORITY = 40;
/** DEADLINE: so much of each period. What goes wrong costs one period, where FIFO loses 50 ms. */
const RUNTIME_NS = 900_000;
const PERIOD_NS = 1_000_000;
/**
 * Busy at most this share, and 50 µs more, of any millisecond (native/wait.c): under DEADLINE's own runtime,
 * and far from where FIFO is held (sched_rt_runtime_us, and the fair server of Linux 6.12).
 */
export const BUSY_SHARE = 0.85;
const MASK_BYTES = 128; // 1,024 CPUs

/** Tries the wish once and steps back again. */
export function settleThread(wish: ThreadWish, library: LoopLibrary): ThreadState | Refusal {
  if (wish.cpu !== undefined) {
    const refusal = pinTo(wish.cpu);
    if (refusal !== undefined) return refusal;
  }
  const hasSlack = prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0) === 0;
  const reasons: string[] = [];
  for (const each of wish.class === 'auto' ? THREAD_CLASSES : [wish.class]) {
    const code = enterClass(each, library);
    leaveClass(library);
    if (code === 0) {
      return {
        class: each,
        instead: reasons.length === 0 ? null : reasons.join('; '),
        priority: each === 'fifo' ? FIFO_PRIORITY : 0,
        cpu: wish.cpu ?? null,
        timer_slack_ns: hasSlack ? 1 : null,
      };
    }
    const refusal = refused(each, code, wish.cpu);
    if (wish.class !== 'auto') return refusal;
    reasons.push(`${refusal.what}: ${refusal.why}`);
  }
  throw new Error('SCHED_OTHER was refused');
}

/** Puts this thread in the class. Returns 0 or the errno. */
export function enterClass(threadClass: ThreadClass, library: LoopLibrary): number {
  const policy = { other: 0, fifo: 1, deadline: 2 }[threadClass];
  return library.setClass(policy, FIFO_PRIORITY, RUNTIME_NS, PERIOD_NS);
}

export function leaveClass(library: LoopLibrary): void {
  library.setClass(0, 0, 0, 0);
}

function refused(threadClass: ThreadClass, code: number, cpu: number | undefined): Refusal {
  const what = `SCHED_${threadClass.toUpperCase()} was refused`;
  if (code === ERRNO.ENOSYS)
    return { what, why: 'this kernel has no sched_setattr', hint: 'use --class other' };
  if (threadClass === 'deadline' && code === ERRNO.EBUSY) {
    const why = 'the host has no bandwidth left for DEADLINE threads (sched_rt_runtime_us)';
    return { what, why, hint: 'use --class fifo, or see iotlb doctor --timing' };
  }
  if (threadClass === 'deadline' && code === ERRNO.EPERM && cpu !== undefined) {
    const why =
      'no permission (EPERM): a DEADLINE thread may not be pinned to a part of its CPU set';
    return { what, why, hint: 'pin it with a cpuset partition of its own, or use --class fifo' };
  }
  return {
    what,
    why: code === ERRNO.EPERM ? 'no permission (EPERM)' : errnoName(code),
    hint: `give it CAP_SYS_NICE${threadClass === 'fifo' ? ` or an rtprio limit of ${FIFO_PRIORITY} or more` : ''} (see 'iotlb doctor --timing'), or use --class auto`,
  };
}

function pinTo(cpu: number): Refusal | undefined {
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
