// Joins the ranges of one step that touch or overlap and share domain, PASID and flags: the union of
// each connected set becomes one entry, in the place of its first. Exact: no page is added or lost.

import type { StepBatch } from '../plan/step-batch.ts';
import { RangeOrder, kindRunEnd } from './range-order.ts';

const GONE = 0;
const KEPT = 1;
const JOINED = 2;

export class RangeJoiner {
  readonly #ranges = new RangeOrder();
  /** For each entry of the run: what becomes of it; the columns after it hold where it is JOINED. */
  #fate = new Uint8Array(64);
  #page = new Float64Array(64);
  #end = new Float64Array(64);
  #firstSeq = new Float64Array(64);
  #lastSeq = new Float64Array(64);
  #widened = new Uint8Array(64);

  /** Whether anything in `step` joins. Where it does, `join` is to follow. */
  joins(input: StepBatch, step: number): boolean {
    const start = input.entryStart(step);
    const end = input.entryEnd[step];
    if (end - start === 1) return false;
    // Several kinds in one step are rare: each run is then looked at when it is joined.
    if (kindRunEnd(input, start, end) < end) return true;
    return this.#plan(input, start, end);
  }

  /** Appends the joined entries of `step` of `input` to `output`, uncommitted. */
  join(input: StepBatch, step: number, output: StepBatch): void {
    const first = input.entryStart(step);
    const end = input.entryEnd[step];
    for (let start = first; start < end;) {
      const next = kindRunEnd(input, start, end);
      const isPlanned = start === first && next === end;
      if (next - start === 1) output.copyEntry(input, start);
      else if (isPlanned || this.#plan(input, start, next)) this.#write(input, start, next, output);
      else output.copyEntryRun(input, start, next);
      start = next;
    }
  }

  #plan(input: StepBatch, start: number, end: number): boolean {
    if (this.#fate.length < end - start) this.#grow(2 ** Math.ceil(Math.log2(end - start)));
    this.#fate.fill(KEPT, 0, end - start);
    return this.#unite(input, start, this.#ranges.sort(input, start, end));
  }

  #write(input: StepBatch, start: number, end: number, output: StepBatch): void {
    for (let i = 0; i < end - start; i++) {
      if (this.#fate[i] === GONE) continue;
      const entry = output.copyEntry(input, start + i);
      if (this.#fate[i] === KEPT) continue;
      output.page[entry] = this.#page[i];
      output.pages[entry] = this.#end[i] - this.#page[i];
      output.entryFirstSeq[entry] = this.#firstSeq[i];
      output.entryLastSeq[entry] = this.#lastSeq[i];
      output.widened[entry] = this.#widened[i];
    }
  }

  /** Finds what joins. False where nothing does. */
  #unite(input: StepBatch, start: number, count: number): boolean {
    const { order, tag } = this.#ranges;
    const { page, pages } = input;
    let any = false;
    for (let i = 0; i < count;) {
      const first = order[i];
      let end = page[start + first] + pages[start + first];
      let next = i + 1;
      for (; next < count; next++) {
        const other = order[next];
        if (page[start + other] > end || tag[other] !== tag[first]) break;
        end = Math.max(end, page[start + other] + pages[start + other]);
      }
      if (next > i + 1) {
        this.#becomeOne(input, start, i, next, end);
        any = true;
      }
      i = next;
    }
    return any;
  }

  /** Entries `from … to - 1` of the order become one range that ends at `end`. */
  #becomeOne(input: StepBatch, start: number, from: number, to: number, end: number): void {
    const { order } = this.#ranges;
    let place = order[from];
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    let widened = 0;
    for (let k = from; k < to; k++) {
      const one = order[k];
      const index = start + one;
      this.#fate[one] = GONE;
      if (one < place) place = one;
      if (input.entryFirstSeq[index] < low) low = input.entryFirstSeq[index];
      if (input.entryLastSeq[index] > high) high = input.entryLastSeq[index];
      widened |= input.widened[index];
    }
    this.#fate[place] = JOINED;
    this.#page[place] = input.page[start + order[from]];
    this.#end[place] = end;
    this.#firstSeq[place] = low;
    this.#lastSeq[place] = high;
    this.#widened[place] = widened;
  }

  #grow(room: number): void {
    this.#fate = new Uint8Array(room);
    this.#page = new Float64Array(room);
    this.#end = new Float64Array(room);
    this.#firstSeq = new Float64Array(room);
    this.#lastSeq = new Float64Array(room);
    this.#widened = new Uint8Array(room);
  }
}
