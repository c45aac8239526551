// Brings the ranges of a group into an order in which what may become one stands together: same kind,
// scope, flags, domain and PASID, then by page. Numbers and typed arrays only; a group costs no objects.

import { PRESENT } from '../../collector/model/index.ts';
import type { StepBatch } from '../plan/step-batch.ts';

const FIRST_ROOM = 64;
/** Up to so many, moving entries one by one beats merging; groups are mostly in order already. */
const INSERTION_LIMIT = 32;
/** More are put in order in blocks of so many, which are then merged. */
const BLOCK = 16;

/** Index after the run of entries of one kind that begins at `start`: nothing may move past another kind. */
export function kindRunEnd(batch: StepBatch, start: number, end: number): number {
  let at = start + 1;
  while (at < end && batch.kind[at] === batch.kind[start]) at++;
  return at;
}

function sameTags(batch: StepBatch, a: number, b: number): boolean {
  const present = batch.present[a];
  return (
    present === batch.present[b] &&
    batch.scope[a] === batch.scope[b] &&
    batch.flags[a] === batch.flags[b] &&
    batch.kind[a] === batch.kind[b] &&
    ((present & PRESENT.domainId) === 0 || batch.domainId[a] === batch.domainId[b]) &&
    ((present & PRESENT.pasid) === 0 || batch.pasid[a] === batch.pasid[b])
  );
}

export class RangeOrder {
  /** Entries with a range, in order, counted from the first of the run; to be read after `sort`. */
  order = new Int32Array(FIRST_ROOM);
  /** For each of the run's entries: the first entry with the same tags. */
  tag = new Int32Array(FIRST_ROOM);
  /** Open hash table of first entries, plus one; of another round where the stamp differs. */
  #table = new Int32Array(FIRST_ROOM * 4);
  #stamp = new Int32Array(FIRST_ROOM * 4);
  #round = 0;
  #merged = new Int32Array(0);

  /** Sorts the ranges among entries `start … end - 1`. Returns how many there are. */
  sort(batch: StepBatch, start: number, end: number): number {
    if (end - start > this.order.length) this.#grow(end - start);
    this.#round++;
    const { order, tag } = this;
    const { page, pages, present } = batch;
    const small = end - start <= INSERTION_LIMIT;
    let count = 0;
    for (let i = start; i < end; i++) {
      if ((present[i] & PRESENT.range) === 0) continue;
      const own = i - start;
      const last = count === 0 ? 0 : order[count - 1];
      tag[own] =
        count > 0 && sameTags(batch, i, start + last) ? tag[last] : this.#tagOf(batch, start, i);
      let at = count++;
      const floor = small ? 0 : at - (at % BLOCK);
      for (; at > floor; at--) {
        const other = order[at - 1];
        const above = tag[other] - tag[own] || page[start + other] - page[i];
        if (above < 0 || (above === 0 && pages[start + other] >= pages[i])) break;
        order[at] = other;
      }
      order[at] = own;
    }
    if (!small) this.#mergeBlocks(batch, start, count);
    return count;
  }

  /** Merges blocks two by two, each pass into the other array, until one is left. */
  #mergeBlocks(batch: StepBatch, start: number, count: number): void {
    if (this.#merged.length < this.order.length) this.#merged = new Int32Array(this.order.length);
    for (let width = BLOCK; width < count; width *= 2) {
      for (let low = 0; low < count; low += 2 * width)
        this.#merge(batch, start, [
          low,
          Math.min(low + width, count),
          Math.min(low + 2 * width, count),
        ]);
      [this.order, this.#merged] = [this.#merged, this.order];
    }
  }

  /** Two neighbours, each in order, into one. Equal ones keep their order. */
  #merge(
    batch: StepBatch,
    start: number,
    [low, middle, end]: readonly [number, number, number],
  ): void {
    const { tag, order } = this;
    const { page, pages } = batch;
    const merged = this.#merged;
    let left = low;
    let right = middle;
    for (let to = low; to < end; to++) {
      if (left < middle && right < end) {
        const a = order[left];
        const b = order[right];
        const above =
          tag[a] - tag[b] ||
          page[start + a] - page[start + b] ||
          pages[start + b] - pages[start + a];
        merged[to] = above <= 0 ? order[left++] : order[right++];
      } else {
        merged[to] = left < middle ? order[left++] : order[right++];
      }
    }
  }

  /** First entry of the run with the tags of entry `i`. */
  #tagOf(batch: StepBatch, start: number, i: number): number {
    const mask = this.#table.length - 1;
    const word = batch.scope[i] | (batch.flags[i] << 4) | (batch.present[i] << 12);
    let hash = Math.imul(batch.domainId[i] ^ Math.imul(batch.pasid[i], 0x9e37_79b1), 0x85eb_ca6b);
    hash = Math.imul(hash ^ (hash >>> 15) ^ word, 0xc2b2_ae35);
    for (let slot = (hash ^ (hash >>> 16)) & mask; ; slot = (slot + 1) & mask) {
      if (this.#stamp[slot] !== this.#round) {
        this.#stamp[slot] = this.#round;
        this.#table[slot] = i - start;
        return i - start;
      }
      if (sameTags(batch, start + this.#table[slot], i)) return this.#table[slot];
    }
  }

  #grow(count: number): void {
    const room = 2 ** Math.ceil(Math.log2(count));
    this.order = new Int32Array(room);
    this.tag = new Int32Array(room);
    this.#table = new Int32Array(room * 4);
    this.#stamp = new Int32Array(room * 4);
    this.#round = 0;
  }
}
