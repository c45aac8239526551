// Answers "does this step cover that request?": first by stepping along, then by search over the step's
// entries sorted by page. A request may be covered by several entries of one step together.

import { SCOPE } from '../../collector/model/index.ts';
import type { StepBatch } from '../plan/step-batch.ts';
import { covers, coversTags, type Widths } from './covers.ts';

const DIRECT_LIMIT = 8;

export class StepCover {
  #batch: StepBatch | undefined;
  #start = 0;
  #end = 0;
  #cursor = 0;
  #isSorted = false;
  /** Entries without a range. */
  #wide: number[] = [];
  /** Entries with one, by page; the columns are longer than `#ranged` where a step before had more. */
  #ranged = 0;
  #sorted = new Int32Array(64);
  /** Furthest end among the sorted ranges up to each, for the search to know when to stop. */
  #reach = new Float64Array(64);
  #keys = new Float64Array(64);

  open(batch: StepBatch, step: number): void {
    this.#batch = batch;
    this.#start = batch.entryStart(step);
    this.#end = batch.entryEnd[step];
    this.#cursor = this.#start;
    this.#isSorted = false;
  }

  has(requests: Widths, r: number): boolean {
    const batch = this.#batch;
    if (batch === undefined) return false;
    // Most strategies keep the order: the entry that covered the last request, or the one after it.
    for (let e = this.#cursor; e < Math.min(this.#cursor + 2, this.#end); e++) {
      if (covers(batch, e, requests, r)) {
        this.#cursor = e;
        return true;
      }
    }
    if (this.#walk(batch, this.#cursor + 1, requests, r)) return true;
    if (this.#walk(batch, this.#cursor, requests, r)) return true;
    if (this.#end - this.#start <= DIRECT_LIMIT) {
      for (let e = this.#start; e < this.#end; e++) {
        if (covers(batch, e, requests, r)) {
          this.#cursor = e;
          return true;
        }
      }
      if (this.#end - this.#start === 1) return false;
    }
    return this.#search(batch, requests, r);
  }

  /** A range that was split in order: entries one after the other, from `first` on. */
  #walk(batch: StepBatch, first: number, requests: Widths, r: number): boolean {
    if ((requests.scope[r] & SCOPE.vaddr) === 0) return false;
    let reached = requests.page[r];
    const to = reached + requests.pages[r];
    let e = first;
    for (; e < this.#end && reached < to; e++) {
      if ((batch.scope[e] & SCOPE.vaddr) === 0 || batch.page[e] > reached) return false;
      const end = batch.page[e] + batch.pages[e];
      if (end <= reached || !coversTags(batch, e, requests, r)) return false;
      reached = end;
    }
    if (reached < to) return false;
    this.#cursor = e - 1;
    return true;
  }

  #search(batch: StepBatch, requests: Widths, r: number): boolean {
    if (!this.#isSorted) this.#sort(batch);
    const sorted = this.#sorted;
    for (const e of this.#wide) if (covers(batch, e, requests, r)) return true;
    if ((requests.scope[r] & SCOPE.vaddr) === 0) return false;
    const from = requests.page[r];
    const to = from + requests.pages[r];
    let reached = from;
    // First range that could touch: no range before it reaches beyond `from`.
    const first = lowerBound(this.#reach, this.#ranged, from);
    for (let i = first; i < this.#ranged && reached < to; i++) {
      const e = sorted[i];
      if (batch.page[e] > reached) {
        // A gap, unless a range with other tags only; ranges are sorted, so nothing later fills it.
        break;
      }
      if (coversTags(batch, e, requests, r))
        reached = Math.max(reached, batch.page[e] + batch.pages[e]);
    }
    return reached >= to;
  }

  #sort(batch: StepBatch): void {
    this.#isSorted = true;
    if (this.#sorted.length < this.#end - this.#start) this.#grow(this.#end - this.#start);
    this.#wide = [];
    this.#ranged = 0;
    let last = 0;
    for (let e = this.#start; e < this.#end; e++) {
      if ((batch.scope[e] & SCOPE.vaddr) === 0) this.#wide.push(e);
      else {
        this.#sorted[this.#ranged++] = e;
        last = Math.max(last, batch.page[e]);
      }
    }
    this.#sortByPage(batch, last);
    let reach = 0;
    for (let i = 0; i < this.#ranged; i++) {
      const e = this.#sorted[i];
      reach = Math.max(reach, batch.page[e] + batch.pages[e]);
      this.#reach[i] = reach;
    }
  }

  /** Page and place go into one number where both fit: plain numbers sort many times as fast. */
  #sortByPage(batch: StepBatch, lastPage: number): void {
    const sorted = this.#sorted.subarray(0, this.#ranged);
    const room = 2 ** Math.ceil(Math.log2(this.#end - this.#start));
    if (lastPage * room + room > Number.MAX_SAFE_INTEGER) {
      sorted.sort((a, b) => batch.page[a] - batch.page[b]);
      return;
    }
    const keys = this.#keys.subarray(0, this.#ranged);
    for (let i = 0; i < keys.length; i++)
      keys[i] = batch.page[sorted[i]] * room + sorted[i] - this.#start;
    keys.sort();
    for (let i = 0; i < keys.length; i++)
      sorted[i] = this.#start + keys[i] - Math.floor(keys[i] / room) * room;
  }

  #grow(count: number): void {
    const room = 2 ** Math.ceil(Math.log2(count));
    this.#sorted = new Int32Array(room);
    this.#reach = new Float64Array(room);
    this.#keys = new Float64Array(room);
  }
}

/** First of `count` indices whose value is above `limit`, in ascending values. */
function lowerBound(values: Float64Array, count: number, limit: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] > limit) high = middle;
    else low = middle + 1;
  }
  return low;
}
