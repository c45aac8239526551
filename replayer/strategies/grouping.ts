// How calls are formed from what has arrived so far (design 13, rules 8 to 10). A strategy only declares it;
// the closed loop, simulated or real, reads the declaration and owns the clock, the locks and the server.

import type { EntryReader } from '../steps/entry-reader.ts';

export type Grouping =
  /** One call per request: in the waiter's thread (`none`), or by a worker, so that the doorbell returns at once. */
  | { readonly kind: 'request'; readonly thread: 'waiter' | 'worker' }
  /** One call per barrier interval of the stream, in the waiter's thread; `maxCommands` force it out. */
  | { readonly kind: 'interval'; readonly maxCommands: number }
  /** One call per doorbell, in the waiter's thread. */
  | { readonly kind: 'submission' }
  /**
   * One group per stream, over all waiters: it closes `widthNs` after its first entry, at `maxCommands`, or
   * (`early`) when every waiter is at an unreleased barrier, in a lock's queue, or ended. What closes is
   * called at once, or (`thenDrain`) becomes due and goes with all that is due when the server is idle.
   */
  | {
      readonly kind: 'window';
      readonly widthNs: number;
      readonly maxCommands: number;
      readonly early: boolean;
      readonly thenDrain: boolean;
    }
  /** When the server is idle, everything that has arrived goes, `maxCommands` at most. */
  | { readonly kind: 'drain'; readonly maxCommands: number }
  /** Barriers are let go when they arrive; the queue is flushed when full or `timeoutNs` after its first entry. */
  | { readonly kind: 'released-early'; readonly size: number; readonly timeoutNs: number }
  /** A custom rule. One is opened per stream. */
  | { readonly kind: 'custom'; open(): HoldingRule };

/** What the closed loop knows of a stream when it asks a rule. */
export interface StreamState {
  readonly nowNs: number;
  /** No call of the stream's server is under way or queued. */
  readonly isServerIdle: boolean;
  /** Every waiter stands still: at an unreleased barrier, in a lock's queue, or ended. */
  readonly isEveryoneWaiting: boolean;
}

/**
 * Decides when the open group of one stream closes. At one moment arrivals come first, then completions,
 * then closings; `closesAtNs` is asked after each of them and never keeps a clock of its own.
 */
export interface HoldingRule {
  /** Entry `entry` of `entries` joined the group; the first one opened it. Read it now: it is not kept. */
  arrived(entries: EntryReader, entry: number, nowNs: number): void;
  /** A call of this stream returned. */
  completed(nowNs: number): void;
  /** The group was closed and became a call per target; the next entry opens another. */
  closed(nowNs: number): void;
  /** When the open group closes if nothing else happens: now or earlier for at once, Infinity for not yet. */
  closesAtNs(state: StreamState): number;
}

/** True where a group may wait for other requests than those of one submission or interval. */
export function holds(grouping: Grouping): boolean {
  switch (grouping.kind) {
    case 'window':
    case 'drain':
    case 'released-early':
    case 'custom':
      return true;
    case 'request':
    case 'interval':
    case 'submission':
      return false;
  }
}

/** True where calls run inside the doorbell, so that nobody sees a completion before it ends (rule 5). */
export function isInsideDoorbell(grouping: Grouping): boolean {
  if (grouping.kind === 'request') return grouping.thread === 'waiter';
  return grouping.kind === 'interval' || grouping.kind === 'submission';
}
