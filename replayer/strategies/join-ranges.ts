// Joins the ranges of one step that touch or overlap and share domain, PASID and flags: the union of
// each connected set becomes one entry, in the place of its first. Exact: no page is added or lost.

import { PRESENT } from '../../collector/model/index.ts';
import type { StepBatch } from '../plan/step-batch.ts';
import { compareTags, kindRunEnd } from './range-order.ts';

/** Orders ranges by what must be equal to join, then by page. */
function compareRanges(batch: StepBatch, a: number, b: number): number {
  return compareTags(batch, a, b) || batch.page[a] - batch.page[b] || a - b;
}

export class RangeJoiner {
  readonly #order: number[] = [];
  /** For each entry of the run: the entry it was joined into, relative to the run's first. */
  #into = new Int32Array(64);
  #page = new Float64Array(64);
  #end = new Float64Array(64);
  #firstSeq = new Float64Array(64);
  #lastSeq = new Float64Array(64);
  #widened = new Uint8Array(64);

  /** Appends the joined entries of `step` of `input` to `output`, uncommitted. */
  join(input: StepBatch, step: number, output: StepBatch): void {
    const end = input.entryEnd[step];
    for (let start = input.entryStart(step); start < end;) {
      const next = kindRunEnd(input, start, end);
      if (next - start === 1) output.copyEntry(input, start);
      else this.#joinRun(input, start, next - start, output);
      start = next;
    }
  }

  #joinRun(input: StepBatch, start: number, count: number, output: StepBatch): void {
    this.#prepare(input, start, count);
    this.#union(input, start);
    for (let i = 0; i < count; i++) {
      if (this.#into[i] !== i) continue;
      const entry = output.copyEntry(input, start + i);
      output.page[entry] = this.#page[i];
      output.pages[entry] = this.#end[i] - this.#page[i];
      output.entryFirstSeq[entry] = this.#firstSeq[i];
      output.entryLastSeq[entry] = this.#lastSeq[i];
      output.widened[entry] = this.#widened[i];
    }
  }

  #prepare(input: StepBatch, start: number, count: number): void {
    if (this.#into.length < count) this.#grow(2 ** Math.ceil(Math.log2(count)));
    const order = this.#order;
    order.length = 0;
    let sorted = true;
    for (let i = 0; i < count; i++) {
      this.#into[i] = i;
      this.#page[i] = input.page[start + i];
      this.#end[i] = input.page[start + i] + input.pages[start + i];
      this.#firstSeq[i] = input.entryFirstSeq[start + i];
      this.#lastSeq[i] = input.entryLastSeq[start + i];
      this.#widened[i] = input.widened[start + i];
      if ((input.present[start + i] & PRESENT.range) === 0) continue;
      const last = order.length - 1;
      sorted &&= last < 0 || compareRanges(input, start + order[last], start + i) < 0;
      order.push(i);
    }
    if (!sorted) order.sort((a, b) => compareRanges(input, start + a, start + b));
  }

  #union(input: StepBatch, start: number): void {
    const order = this.#order;
    for (let i = 0; i < order.length;) {
      let first = order[i];
      const page = this.#page[first];
      let end = this.#end[first];
      let low = this.#firstSeq[first];
      let high = this.#lastSeq[first];
      let widened = this.#widened[first];
      let next = i + 1;
      while (
        next < order.length &&
        this.#page[order[next]] <= end &&
        compareTags(input, start + order[i], start + order[next]) === 0
      ) {
        const other = order[next++];
        end = Math.max(end, this.#end[other]);
        low = Math.min(low, this.#firstSeq[other]);
        high = Math.max(high, this.#lastSeq[other]);
        widened |= this.#widened[other];
        first = Math.min(first, other);
      }
      for (let k = i; k < next; k++) this.#into[order[k]] = first;
      this.#page[first] = page;
      this.#end[first] = end;
      this.#firstSeq[first] = low;
      this.#lastSeq[first] = high;
      this.#widened[first] = widened;
      i = next;
    }
  }

  #grow(room: number): void {
    this.#into = new Int32Array(room);
    this.#page = new Float64Array(room);
    this.#end = new Float64Array(room);
    this.#firstSeq = new Float64Array(room);
    this.#lastSeq = new Float64Array(room);
    this.#widened = new Uint8Array(room);
  }
}
