// How calls are formed from the requests that have arrived (design §13, rules 9 and 10).

export type Grouping =
  /** A call per request: in the waiter's thread (`none`) or by a worker (`eager`). */
  | { readonly kind: 'request'; readonly thread: 'waiter' | 'worker' }
  /** A call when a barrier comes in the stream, in the thread of its waiter (`barrier` and what stands on it). */
  | { readonly kind: 'interval'; readonly maxCommands: number }
  /** A call per doorbell, in the waiter's thread (`doorbell`). */
  | { readonly kind: 'submission' }
  /** A group that its first request opens and that closes `widthNs` later, or earlier by the other rules. */
  | {
      readonly kind: 'window';
      readonly widthNs: number;
      readonly maxCommands: number;
      /** Closes as soon as nobody can add to it. */
      readonly early: boolean;
      /** A window that closes makes its entries due, and calls are cut from these when the server is idle. */
      readonly drains: boolean;
    }
  /** Everything due when the server is idle. */
  | { readonly kind: 'drain'; readonly maxCommands: number }
  /** Barriers are let go at their arrival; entries go out when so many wait, or the first has waited so long. */
  | { readonly kind: 'queue'; readonly size: number; readonly timeoutNs: number };

/** True where nobody sees a completion before the doorbell ends (rule 5). */
export function isInsideDoorbell(grouping: Grouping): boolean {
  if (grouping.kind === 'request') return grouping.thread === 'waiter';
  return grouping.kind === 'interval' || grouping.kind === 'submission';
}
