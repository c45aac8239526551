// Gaps: stretches of more than 1 ms in which an issuing thread got nowhere, and what took them, judged from how
// the kernel's accounts of the thread grew meanwhile. Pure.

import { GAP_WHERE } from './layout.ts';
import type { RawGap } from './lane-memory.ts';
import type { ThreadClass } from './thread-class.ts';

/** What people read of each cause. */
export const GAP_CAUSES = {
  'held-by-scheduler': 'the scheduler held the thread (its real-time limit, or its own budget)',
  steal: 'the hypervisor gave the CPU to someone else',
  'waited-for-cpu': 'another thread had the CPU',
  'page-fault': 'a page had to be read in',
  'in-call': 'the system call, or an interrupt during it, took that long',
  unknown:
    "the thread had its CPU by the kernel's account: an interrupt, or steal that is not reported",
} as const;
export type GapCause = keyof typeof GAP_CAUSES;
export const GAP_CAUSE_NAMES = Object.keys(GAP_CAUSES) as readonly GapCause[];

export interface Gap {
  /** From the run's start. */
  readonly at_ns: number;
  readonly length_ns: number;
  readonly cause: GapCause;
  /** Whose step came next or was being issued. */
  readonly stream: number;
}

/** `streams` are the thread's, in the order of its block. */
export function nameGap(gap: RawGap, threadClass: ThreadClass, streams: readonly number[]): Gap {
  const { at_ns, length_ns } = gap;
  return { at_ns, length_ns, cause: causeOf(gap, threadClass), stream: streams[gap.stream] ?? 0 };
}

/** Steal is counted in ticks of 10 ms: over a longer stretch of accounts it says nothing of one gap. */
const STEAL_WITHIN_NS = 200e6;

function causeOf(gap: RawGap, threadClass: ThreadClass): GapCause {
  const isMost = (ns: number): boolean => ns >= gap.length_ns / 2;
  if (isMost(gap.waited_ns))
    return threadClass === 'other' ? 'waited-for-cpu' : 'held-by-scheduler';
  if (gap.major_faults > 0) return 'page-fault';
  if (gap.stolen_ns > 0 && gap.accounts_ns - gap.length_ns <= STEAL_WITHIN_NS) return 'steal';
  return gap.where === GAP_WHERE.call ? 'in-call' : 'unknown';
}

/** Caused by the machine or the replayer: all but a call that took its time. */
export function isOwn({ cause }: Pick<Gap, 'cause'>): boolean {
  return cause !== 'in-call';
}
