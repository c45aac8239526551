// Who waits in a recording (design 13). Rows that name no waiter belong to the waiter of their stream: then
// nothing told more, and the stream counts as one.

import { PRESENT } from './columns.ts';
import type { EventBatch } from './event-batch.ts';
import type { TraceHeader, Waiter } from './header.ts';

export class Waiters {
  /** The header's waiters, then one for each stream, `from: 'unknown'`, for rows that name none. */
  readonly all: readonly Waiter[];
  /** How many of `all` the header names. */
  readonly named: number;
  readonly #ofStream: readonly number[];

  constructor(header: Pick<TraceHeader, 'waiters' | 'streams'>) {
    this.named = Math.max(0, ...header.waiters.map(({ index }) => index + 1));
    const ofStream: number[] = [];
    const unknown = header.streams.map(({ index, vm, name }, i): Waiter => {
      ofStream[index] = this.named + i;
      return { index: this.named + i, vm, name, from: 'unknown' };
    });
    this.all = [...header.waiters, ...unknown];
    this.#ofStream = ofStream;
  }

  /** Index into numbers that are dense from 0 (`all` names them) of the waiter of row `row`. */
  of(batch: EventBatch, row: number): number {
    return (batch.present[row] & PRESENT.waiter) === 0
      ? this.ofStream(batch.stream[row])
      : batch.waiter[row];
  }

  /** The waiter that rows of a stream without one belong to. */
  ofStream(stream: number): number {
    return this.#ofStream[stream] ?? this.named + stream;
  }
}

/** Numbers waiters in the order in which they first appear: by thread, CPU or whatever tells them apart. */
export class WaiterTable {
  readonly #numbers = new Map<number, number>();
  readonly #from: Waiter['from'];
  readonly #label: string;
  #last = -1;
  #lastIndex = -1;

  /** `label` goes before the number in a waiter's name: `thread 4711`. */
  constructor(from: Waiter['from'], label: string) {
    this.#from = from;
    this.#label = label;
  }

  /** Index of the waiter `id`; -1 where there are more than the column can tell apart. */
  indexOf(id: number): number {
    if (id === this.#last) return this.#lastIndex;
    let index = this.#numbers.get(id);
    if (index === undefined) {
      index = this.#numbers.size < LIMIT ? this.#numbers.size : -1;
      if (index >= 0) this.#numbers.set(id, index);
    }
    this.#last = id;
    this.#lastIndex = index;
    return index;
  }

  list(): readonly Waiter[] {
    return [...this.#numbers].map(([id, index]) => ({
      index,
      vm: 0,
      name: `${this.#label} ${id}`,
      from: this.#from,
    }));
  }
}

const LIMIT = 2 ** 16;
