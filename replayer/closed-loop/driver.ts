// The seam between the closed loop and what makes its calls: virtual time, or a thread with a real device.

import type { Calls } from './calls.ts';
import type { Cursor } from './cursor.ts';
import type { EntryList } from './entry-list.ts';

export interface Driver {
  /**
   * `call` is next on `server`, which was idle: it starts now. Its end is told by `ClosedLoop.completed`.
   * `standing`: guest CPUs that poll meanwhile (rule 7).
   */
  issue(server: number, call: number, calls: Calls, standing: number): void;
}

/** Sees what happens, in the order in which it does. Every method is optional. */
export interface Observer {
  /** Row `i` of the submission that `waiter` rings for has arrived. */
  arrived?(waiter: number, submission: Cursor, i: number, nowNs: number): void;
  /** Entries `from … to - 1` of `list` that are of the call's target go out together. */
  formed?(call: number, calls: Calls, list: EntryList, from: number, to: number): void;
  started?(call: number, nowNs: number): void;
  completed?(call: number, nowNs: number): void;
  /** A barrier was released; `waiter` is -1 for a CPU that nobody knows. */
  released?(stream: number, row: number, waiter: number, nowNs: number): void;
}
