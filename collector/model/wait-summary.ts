// One pass over a recording's batches: who waits, how often, and how many waits one doorbell makes visible
// (design 13). Owns no I/O.

import type { EventBatch } from './event-batch.ts';
import type { TraceHeader, Waiter } from './header.ts';
import { KIND } from './vocabulary.ts';
import { Waiters } from './waiters.ts';

export interface WaiterCount extends Waiter {
  /** Intervals that end at a wait of its own. */
  readonly intervals: number;
}

export class WaitSummary {
  /** Doorbells that made several waits visible. */
  severalWaits = 0;
  /** Waits beyond the first of their doorbell: other CPUs wait for them, and nothing tells which. */
  unknownWaits = 0;
  /** Intervals of each waiter. */
  readonly #intervals: number[] = [];
  readonly #waiters: Waiters;
  /** Of each stream: the doorbell at hand and how many waits it has made visible so far. */
  readonly #submission: number[] = [];
  readonly #waits: number[] = [];

  constructor(header: Pick<TraceHeader, 'waiters' | 'streams'>) {
    this.#waiters = new Waiters(header);
  }

  add(batch: EventBatch): void {
    const { count, kind, stream, submission } = batch;
    for (let row = 0; row < count; row++) {
      if (kind[row] !== KIND.barrier) continue;
      const queue = stream[row];
      const doorbell = submission[row];
      const isFurther = doorbell !== 0 && doorbell === this.#submission[queue];
      this.#submission[queue] = doorbell;
      this.#waits[queue] = isFurther ? this.#waits[queue] + 1 : 1;
      if (isFurther) {
        this.unknownWaits++;
        if (this.#waits[queue] === 2) this.severalWaits++;
      } else {
        const waiter = this.#waiters.of(batch, row);
        this.#intervals[waiter] = (this.#intervals[waiter] ?? 0) + 1;
      }
    }
  }

  /** Every named waiter, and of the streams that stand for one those that wait. */
  waiters(): readonly WaiterCount[] {
    return this.#waiters.all.flatMap((waiter) => {
      const intervals = this.#intervals[waiter.index] ?? 0;
      return waiter.index >= this.#waiters.named && intervals === 0
        ? []
        : [{ ...waiter, intervals }];
    });
  }
}
