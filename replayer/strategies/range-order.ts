// Brings the ranges of a run into an order in which what may become one stands together: by target, then by
// page. Numbers and typed arrays only; a run costs no objects.

import { PRESENT } from '../../collector/model/index.ts';
import type { StepBatch } from '../steps/step-batch.ts';
import { RangeTargets } from './range-targets.ts';

const FIRST_ROOM = 64;
/**
 * Up to so many of a target, moving ranges one by one beats merging: they are mostly in order already. More
 * are put in order in blocks of so many, which are then merged.
 */
const BLOCK = 32;

/** Index after the run of entries of one kind that begins at `start`: nothing may move past another kind. */
export function kindRunEnd(batch: StepBatch, start: number, end: number): number {
  let at = start + 1;
  while (at < end && batch.kind[at] === batch.kind[start]) at++;
  return at;
}

export class RangeOrder {
  /** Entries with a range, in order, counted from the first of the run; to be read after `sort`. */
  order = new Int32Array(FIRST_ROOM);
  /** Beside `order`: the target and the range's first page. */
  target = new Int32Array(FIRST_ROOM);
  page = new Float64Array(FIRST_ROOM);
  readonly #targets = new RangeTargets();
  /** Target of each entry of the run, -1 where it has no range. */
  #targetOf = new Int32Array(FIRST_ROOM);
  /** By target: its first place in the order, and the one after its last so far. */
  #first = new Int32Array(FIRST_ROOM);
  #next = new Int32Array(FIRST_ROOM);
  /** Lengths of the batch that is sorted, and the run's first entry there. */
  #pages: Float64Array = new Float64Array(0);
  #start = 0;
  /** Where blocks are merged to. */
  #mergedOrder = new Int32Array(FIRST_ROOM);
  #mergedPage = new Float64Array(FIRST_ROOM);

  /** Sorts the ranges among entries `start … end - 1`. Returns how many there are. */
  sort(batch: StepBatch, start: number, end: number): number {
    if (end - start > this.order.length) this.#grow(2 ** Math.ceil(Math.log2(end - start)));
    this.#pages = batch.pages;
    this.#start = start;
    const count = this.#divide(batch, start, end);
    for (let i = start; i < end; i++) {
      const target = this.#targetOf[i - start];
      if (target >= 0) this.#insert(batch, start, i, target);
    }
    for (let target = 0; target < this.#targets.count; target++) {
      const first = this.#first[target];
      const last = this.#next[target];
      this.target.fill(target, first, last);
      if (last - first > BLOCK) this.#mergeBlocks(first, last);
    }
    return count;
  }

  /** Gives each target its part of the order. Returns how many ranges there are. */
  #divide(batch: StepBatch, start: number, end: number): number {
    const targets = this.#targets;
    const targetOf = this.#targetOf;
    const next = this.#next;
    targets.begin(end - start);
    for (let i = start; i < end; i++) {
      if ((batch.present[i] & PRESENT.range) === 0) {
        targetOf[i - start] = -1;
        continue;
      }
      const known = targets.count;
      const target = targets.of(batch, i);
      targetOf[i - start] = target;
      next[target] = target === known ? 1 : next[target] + 1;
    }
    let at = 0;
    for (let target = 0; target < targets.count; target++) {
      this.#first[target] = at;
      at += next[target];
      next[target] = this.#first[target];
    }
    return at;
  }

  /** Puts range `i` where it belongs among those of its block. */
  #insert(batch: StepBatch, start: number, i: number, target: number): void {
    const { order, page } = this;
    const first = this.#first[target];
    const from = batch.page[i];
    let at = this.#next[target]++;
    for (const floor = at - ((at - first) % BLOCK); at > floor; at--) {
      const before = page[at - 1];
      if (before < from || (before === from && this.#isAsLong(order[at - 1], i - start))) break;
      order[at] = order[at - 1];
      page[at] = before;
    }
    order[at] = i - start;
    page[at] = from;
  }

  /** Merges the blocks of places `first … last - 1` two by two, each pass there and back, until one is left. */
  #mergeBlocks(first: number, last: number): void {
    for (let width = BLOCK; width < last - first; width *= 2) {
      for (let low = first; low < last; low += 2 * width)
        this.#merge(low, Math.min(low + width, last), Math.min(low + 2 * width, last));
      this.order.set(this.#mergedOrder.subarray(first, last), first);
      this.page.set(this.#mergedPage.subarray(first, last), first);
    }
  }

  /** Two neighbours, each in order, into one. Equal ones keep their order. */
  #merge(low: number, middle: number, end: number): void {
    const { order, page } = this;
    const mergedOrder = this.#mergedOrder;
    const mergedPage = this.#mergedPage;
    let left = low;
    let right = middle;
    for (let to = low; to < end; to++) {
      const isLeft =
        right === end ||
        (left < middle &&
          (page[left] < page[right] ||
            (page[left] === page[right] && this.#isAsLong(order[left], order[right]))));
      const from = isLeft ? left++ : right++;
      mergedOrder[to] = order[from];
      mergedPage[to] = page[from];
    }
  }

  /** Of two ranges that begin at the same page: `a` is at least as long as `b`. */
  #isAsLong(a: number, b: number): boolean {
    return this.#pages[this.#start + a] >= this.#pages[this.#start + b];
  }

  #grow(room: number): void {
    this.order = new Int32Array(room);
    this.target = new Int32Array(room);
    this.page = new Float64Array(room);
    this.#targetOf = new Int32Array(room);
    this.#first = new Int32Array(room);
    this.#next = new Int32Array(room);
    this.#mergedOrder = new Int32Array(room);
    this.#mergedPage = new Float64Array(room);
  }
}
