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
  #sorted: number[] | undefined;
  #wide: number[] = [];
  /** Furthest end among the sorted ranges up to each, for the search to know when to stop. */
  #reach: number[] = [];

  open(batch: StepBatch, step: number): void {
    this.#batch = batch;
    this.#start = batch.entryStart(step);
    this.#end = batch.entryEnd[step];
    this.#cursor = this.#start;
    this.#sorted = undefined;
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
    if (this.#walk(batch, requests, r)) return true;
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

  /** A range that was split in order: entries one after the other, from the cursor or the one after it. */
  #walk(batch: StepBatch, requests: Widths, r: number): boolean {
    if ((requests.scope[r] & SCOPE.vaddr) === 0) return false;
    let reached = requests.page[r];
    const to = reached + requests.pages[r];
    let e = this.#cursor;
    if (e < this.#end && batch.page[e] + batch.pages[e] <= reached) e++;
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
    const sorted = this.#sort(batch);
    for (const e of this.#wide) if (covers(batch, e, requests, r)) return true;
    if ((requests.scope[r] & SCOPE.vaddr) === 0) return false;
    const from = requests.page[r];
    const to = from + requests.pages[r];
    let reached = from;
    // First range that could touch: no range before it reaches beyond `from`.
    for (let i = lowerBound(this.#reach, from); i < sorted.length && reached < to; i++) {
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

  #sort(batch: StepBatch): number[] {
    if (this.#sorted !== undefined) return this.#sorted;
    const ranged: number[] = [];
    this.#wide = [];
    for (let e = this.#start; e < this.#end; e++) {
      if ((batch.scope[e] & SCOPE.vaddr) === 0) this.#wide.push(e);
      else ranged.push(e);
    }
    ranged.sort((a, b) => batch.page[a] - batch.page[b]);
    let reach = 0;
    this.#reach = ranged.map((e) => (reach = Math.max(reach, batch.page[e] + batch.pages[e])));
    this.#sorted = ranged;
    return ranged;
  }
}

/** First index whose value is above `limit`, in ascending values. */
function lowerBound(values: readonly number[], limit: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] > limit) high = middle;
    else low = middle + 1;
  }
  return low;
}
