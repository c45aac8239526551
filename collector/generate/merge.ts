// Several recordings into one, as a host with many tenants would see them: each copy keeps its own order,
// gets streams and domains of its own, and is shifted as asked. Streaming; ties go to the first named.

import {
  EventBuilder,
  PRESENT,
  shiftTimes,
  type EventBatch,
  type RowPairs,
} from '../model/index.ts';

const BATCH_ROWS = 65_536;
/** Rows that a copy of a recording collects before they are copied. */
const PICK_ROWS = 1024;
/** Domain numbers of copy n begin at n × 2^16: VT-d's and SMMU's have 16 bits, so none meet. */
const DOMAIN_STRIDE = 2 ** 16;

export interface MergeInput {
  readonly batches: Iterator<EventBatch>;
  readonly shiftNs: number;
  /** New number of each of its streams. */
  readonly streams: ReadonlyMap<number, number>;
  /** Number of its first named waiter. */
  readonly firstWaiter: number;
  /** Place among all copies; 0 keeps its domain numbers. */
  readonly copy: number;
}

/** One copy of a recording. Rows are picked one by one and copied together: see `gather`. */
class Cursor {
  batch: EventBatch | undefined;
  /** Order key: a time stamp that goes backwards waits for its turn in its own recording. */
  keyNs = Number.NEGATIVE_INFINITY;
  #row = 0;
  readonly #input: MergeInput;
  readonly #out: EventBuilder;
  readonly #from = new Int32Array(PICK_ROWS);
  readonly #to = new Int32Array(PICK_ROWS);
  #picked = 0;

  constructor(input: MergeInput, out: EventBuilder) {
    this.#input = input;
    this.#out = out;
    this.#load();
  }

  /** Puts the current row next into the output, and goes on to the one after it. */
  take(): void {
    this.#from[this.#picked] = this.#row++;
    this.#to[this.#picked++] = this.#out.next(0, 0);
    const isOver = this.batch !== undefined && this.#row >= this.batch.count;
    if (isOver || this.#picked === PICK_ROWS) this.copy();
    if (isOver) this.#load();
    else this.#key();
  }

  /** Fills the output's rows that were put there and are still empty. */
  copy(): void {
    if (this.batch === undefined || this.#picked === 0) return;
    const rows = { from: this.#from, to: this.#to, count: this.#picked };
    this.#out.gather(this.batch, rows);
    this.#renumber(rows);
    this.#picked = 0;
  }

  #renumber({ to, count }: RowPairs): void {
    const { stream, present, domainId, waiter } = this.#out;
    const { shiftNs, streams, copy, firstWaiter } = this.#input;
    for (let i = 0; i < count; i++) {
      const row = to[i];
      shiftTimes(this.#out, row, shiftNs);
      stream[row] = streams.get(stream[row]) ?? 0;
      if ((present[row] & PRESENT.domainId) !== 0) domainId[row] += copy * DOMAIN_STRIDE;
      waiter[row] += firstWaiter; // where there is none, nothing looks at it
    }
  }

  #load(): void {
    this.#row = 0;
    do {
      const next = this.#input.batches.next();
      this.batch = next.done === true ? undefined : next.value;
    } while (this.batch !== undefined && this.batch.count === 0);
    this.#key();
  }

  #key(): void {
    if (this.batch === undefined) return;
    this.keyNs = Math.max(this.keyNs, this.batch.tNs[this.#row] + this.#input.shiftNs);
  }
}

/** The rows of all inputs in time order. The batch is reused. */
export function* mergeRows(inputs: readonly MergeInput[]): Generator<EventBatch, void, void> {
  const out = new EventBuilder(BATCH_ROWS);
  const cursors = inputs
    .map((input) => new Cursor(input, out))
    .filter((one) => one.batch !== undefined);
  while (cursors.length > 0) {
    let first = cursors[0];
    for (const cursor of cursors) if (cursor.keyNs < first.keyNs) first = cursor;
    first.take();
    if (first.batch === undefined) cursors.splice(cursors.indexOf(first), 1);
    if (out.count === BATCH_ROWS) {
      for (const cursor of cursors) cursor.copy();
      yield out;
      out.clear();
    }
  }
  if (out.count > 0) yield out;
}
