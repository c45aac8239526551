// Who waits, as far as a recording says (design §13): its waiters, or where it names none the reading that
// each stream is so many.

import { KIND, Waiters, type EventBatch, type TraceHeader } from '../../collector/model/index.ts';
import type { WaiterNumbers } from './loop-rows.ts';

export interface KnownWaiters extends WaiterNumbers {
  /** Set where the recording does not say who waits: the reading that is used, for people. */
  readonly assumed: string | undefined;
}

/** `perStream` states how many waiters a stream is, where the recording does not say. */
export function waiterNumbers(header: TraceHeader, perStream: number): KnownWaiters {
  const streams = new StreamWaiters(perStream);
  return header.waiters.length === 0 ? streams : new NamedWaiters(header, streams);
}

/** The header's waiters; a row that names none belongs to a waiter of its stream. */
class NamedWaiters implements KnownWaiters {
  readonly assumed = undefined;
  readonly #waiters: Waiters;
  readonly #streams: StreamWaiters;

  constructor(header: TraceHeader, streams: StreamWaiters) {
    this.#waiters = new Waiters(header);
    this.#streams = streams;
  }

  index(batch: EventBatch, row: number): number {
    const named = this.#waiters.of(batch, row);
    if (named < this.#waiters.named) return named;
    return this.#waiters.named + this.#streams.index(batch, row);
  }
}

/** Each stream is `perStream` waiters, which take its intervals in turn. */
class StreamWaiters implements KnownWaiters {
  readonly #perStream: number;
  readonly #turn: number[] = [];
  readonly assumed: string;

  constructor(perStream: number) {
    this.#perStream = perStream;
    this.assumed =
      perStream === 1
        ? 'the recording does not say who waits: each stream counts as one waiter (--stream-waiters states another)'
        : `each stream counts as ${perStream} waiters that take its intervals in turn, as stated`;
  }

  index(batch: EventBatch, row: number): number {
    const stream = batch.stream[row];
    const turn = this.#turn[stream] ?? 0;
    if (batch.kind[row] === KIND.barrier) this.#turn[stream] = (turn + 1) % this.#perStream;
    return stream * this.#perStream + turn;
  }
}
