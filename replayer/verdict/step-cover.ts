// Answers "does this step cover that request?": first by stepping along, then by search over the step's
// entries sorted by page. A request may be covered by several entries of one step together.

import { SCOPE } from '../../collector/model/index.ts';
import type { StepBatch } from '../steps/step-batch.ts';
import { covers, coversTags, type Widths } from './covers.ts';

const DIRECT_LIMIT = 8;

/** What is asked of a step: the columns of requests, and their sequence numbers. */
interface Requests extends Widths {
  readonly seq: Float64Array;
}

export class StepCover {
  #batch: StepBatch | undefined;
  #start = 0;
  #end = 0;
  /** Where to look first; never behind it, but the search looks everywhere. */
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

  has(requests: Requests, r: number): boolean {
    const batch = this.#batch;
    if (batch === undefined) return false;
    const end = this.#end;
    if (end - this.#start === 1) return covers(batch, this.#start, requests, r);
    // What the plan says it carries is a hint where to look; only what an entry is wide enough for counts.
    const { entryLastSeq } = batch;
    const seq = requests.seq[r];
    let e = this.#cursor;
    while (e + 1 < end && entryLastSeq[e] < seq) e++;
    this.#cursor = e;
    if (covers(batch, e, requests, r) || this.#walk(batch, e, requests, r)) return true;
    if (e + 1 < end && (covers(batch, e + 1, requests, r) || this.#walk(batch, e + 1, requests, r)))
      return true;
    if (end - this.#start > DIRECT_LIMIT) return this.#search(batch, requests, r);
    for (e = this.#start; e < end; e++) if (covers(batch, e, requests, r)) return true;
    return this.#search(batch, requests, r);
  }

  /** A range that was split in order: entries with the same tags one after the other, from `first` on. */
  #walk(batch: StepBatch, first: number, requests: Widths, r: number): boolean {
    if ((requests.scope[r] & batch.scope[first] & SCOPE.vaddr) === 0) return false;
    const from = requests.page[r];
    const to = from + requests.pages[r];
    const { page, pages } = batch;
    let reached = page[first] + pages[first];
    // One entry alone was looked at before.
    if (page[first] > from || reached <= from || reached >= to) return false;
    if (!coversTags(batch, first, requests, r)) return false;
    const { kind, scope, flags, present, domainId, pasid, sourceId } = batch;
    let e = first + 1;
    for (; e < this.#end && reached < to; e++) {
      if (page[e] > reached || kind[e] !== kind[first] || scope[e] !== scope[first]) return false;
      if (flags[e] !== flags[first] || present[e] !== present[first]) return false;
      if (domainId[e] !== domainId[first] || pasid[e] !== pasid[first]) return false;
      if (sourceId[e] !== sourceId[first]) return false;
      reached = Math.max(reached, page[e] + pages[e]);
    }
    return reached >= to;
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
