// Which of a stream's barriers one plan has not released yet: marks beside the columns of AskedBarriers.

import type { AskedBarriers } from './asked-barriers.ts';
import { movedRing } from './ring.ts';

/** So many may be released before an older one; then that is given up, so that memory stays bounded. */
export const MOST_AHEAD = 65_536;

/** What became of an attempt to release a barrier. */
export type Release = 'released' | 'again' | 'unknown';

export class OpenBarriers {
  /** Oldest that is not released, as a running number; all before it are. */
  head = 0;
  /** One after the newest that has a mark. */
  tail = 0;
  /** Capture time of the barrier that was released last, ns. */
  releasedNs = Number.NaN;
  #done: Uint8Array;
  /** Running number of the barrier that was found last. */
  #found = 0;
  /** Highest barrier ever dropped: a release at or below it that is not in the ring came before, or is none. */
  #dropped = -1;
  /** Barriers that are released, but not dropped: an older one is not. */
  #ahead = 0;
  readonly #asked: AskedBarriers;

  constructor(asked: AskedBarriers) {
    this.#asked = asked;
    this.#done = new Uint8Array(asked.mask + 1);
  }

  /** Makes marks for the barriers that came since the last time. */
  follow(): void {
    const { mask, tail } = this.#asked;
    if (this.#done.length !== mask + 1)
      this.#done = movedRing(this, this.#done, new Uint8Array(mask + 1));
    for (let n = this.tail; n < tail; n++) this.#done[n & mask] = 0;
    this.tail = tail;
  }

  /** Marks barrier `seq` as released, and keeps its capture time in `releasedNs`. */
  release(seq: number): Release {
    const slot = this.#find(seq);
    if (slot < 0) return seq <= this.#dropped ? 'again' : 'unknown';
    if (this.#done[slot] === 1) return 'again';
    this.#done[slot] = 1;
    this.#ahead++;
    this.releasedNs = this.#asked.tNs[slot];
    this.#dropDone();
    return 'released';
  }

  /** Drops the oldest where too many later ones are released. Returns its sequence number. */
  giveUp(): number | undefined {
    if (this.#ahead < MOST_AHEAD) return undefined;
    const { mask, seq } = this.#asked;
    const slot = this.head & mask;
    this.#done[slot] = 1;
    this.#ahead++;
    this.#dropDone();
    return seq[slot];
  }

  #dropDone(): void {
    const { mask, seq } = this.#asked;
    let n = this.head;
    while (n < this.tail && this.#done[n & mask] === 1) n++;
    if (n === this.head) return;
    this.#dropped = seq[(n - 1) & mask];
    this.#ahead -= n - this.head;
    this.head = n;
  }

  /** Sequence numbers of those never released, oldest first. */
  *left(): Generator<number, void, void> {
    const { mask, seq } = this.#asked;
    for (let n = this.head; n < this.tail; n++) {
      if (this.#done[n & mask] === 0) yield seq[n & mask];
    }
  }

  /** Slot of barrier `seq`, or -1. Mostly it is the oldest, the one found last, or the one after that. */
  #find(seq: number): number {
    const { mask, seq: seqs } = this.#asked;
    let low = this.head;
    let high = this.tail;
    if (low < high && seqs[low & mask] === seq) return low & mask;
    for (let n = Math.max(low, this.#found); n < Math.min(high, this.#found + 2); n++) {
      if (seqs[n & mask] !== seq) continue;
      this.#found = n;
      return n & mask;
    }
    while (low < high) {
      const middle = low + ((high - low) >> 1);
      if (seqs[middle & mask] < seq) low = middle + 1;
      else high = middle;
    }
    if (low === this.tail || seqs[low & mask] !== seq) return -1;
    this.#found = low;
    return low & mask;
  }
}
