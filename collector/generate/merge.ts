// Several recordings into one, as a host with many tenants would see them: each copy keeps its own order,
// gets streams and domains of its own, and is shifted as asked. Streaming; ties go to the first named.

import { EventBuilder, PRESENT, RAW_BYTES, type EventBatch } from '../model/index.ts';

const BATCH_ROWS = 65_536;
/** Domain numbers of copy n begin at n × 2^16: VT-d's and SMMU's have 16 bits, so none meet. */
const DOMAIN_STRIDE = 2 ** 16;

export interface MergeInput {
  readonly batches: Iterator<EventBatch>;
  readonly shiftNs: number;
  /** New number of each of its streams. */
  readonly streams: ReadonlyMap<number, number>;
  /** Place among all copies; 0 keeps its domain numbers. */
  readonly copy: number;
}

/** One copy of a recording, row by row. */
class Cursor {
  batch: EventBatch | undefined;
  row = 0;
  /** Order key: a time stamp that goes backwards waits for its turn in its own recording. */
  keyNs = Number.NEGATIVE_INFINITY;
  readonly input: MergeInput;

  constructor(input: MergeInput) {
    this.input = input;
    this.#load();
  }

  step(): void {
    this.row++;
    if (this.batch !== undefined && this.row >= this.batch.count) this.#load();
    else this.#key();
  }

  #load(): void {
    this.row = 0;
    do {
      const next = this.input.batches.next();
      this.batch = next.done === true ? undefined : next.value;
    } while (this.batch !== undefined && this.batch.count === 0);
    this.#key();
  }

  #key(): void {
    if (this.batch === undefined) return;
    this.keyNs = Math.max(this.keyNs, this.batch.tNs[this.row] + this.input.shiftNs);
  }
}

/** The rows of all inputs in time order. The batch is reused. */
export function* mergeRows(inputs: readonly MergeInput[]): Generator<EventBatch, void, void> {
  const out = new EventBuilder(BATCH_ROWS);
  const cursors = inputs.map((input) => new Cursor(input)).filter((one) => one.batch !== undefined);
  while (cursors.length > 0) {
    let first = cursors[0];
    for (const cursor of cursors) if (cursor.keyNs < first.keyNs) first = cursor;
    if (first.batch !== undefined) copyRow(first.input, first.batch, first.row, out);
    first.step();
    if (first.batch === undefined) cursors.splice(cursors.indexOf(first), 1);
    if (out.count === BATCH_ROWS) {
      yield out;
      out.clear();
    }
  }
  if (out.count > 0) yield out;
}

function copyRow(input: MergeInput, from: EventBatch, at: number, out: EventBuilder): void {
  const stream = input.streams.get(from.stream[at]) ?? 0;
  const row = out.next(from.tNs[at] + input.shiftNs, stream);
  out.kind[row] = from.kind[at];
  out.scope[row] = from.scope[at];
  out.flags[row] = from.flags[at];
  out.present[row] = from.present[at];
  const own = (from.present[at] & PRESENT.domainId) === 0 ? 0 : input.copy * DOMAIN_STRIDE;
  out.domainId[row] = from.domainId[at] + own;
  out.pasid[row] = from.pasid[at];
  out.sourceId[row] = from.sourceId[at];
  out.page[row] = from.page[at];
  out.pages[row] = from.pages[at];
  const raw = from.raw.subarray(at * RAW_BYTES, (at + 1) * RAW_BYTES);
  out.raw.set(raw, row * RAW_BYTES);
  out.rawLen[row] = from.rawLen[at];
  out.submission[row] = from.submission[at];
  out.cpu[row] = from.cpu[at];
}
