// The barriers of one stream that are not released yet, oldest first, as columns in a ring. Knows each
// barrier's own capture time, so that the verdict never has to believe a plan about it.

const FIRST_ROOM = 256;

/** What became of an attempt to release a barrier. */
export type Release = 'released' | 'again' | 'unknown';

export class OpenBarriers {
  /** Barriers taken out of the ring. */
  #head = 0;
  #tail = 0;
  #mask = FIRST_ROOM - 1;
  #seq = new Float64Array(FIRST_ROOM);
  #tNs = new Float64Array(FIRST_ROOM);
  #done = new Uint8Array(FIRST_ROOM);
  /** Running number of the barrier that was found last. */
  #found = 0;
  /** Highest barrier ever dropped: a release at or below it that is not in the ring came before, or is none. */
  #dropped = -1;

  push(seq: number, tNs: number): void {
    if (this.#tail - this.#head > this.#mask) this.#grow();
    const slot = this.#tail++ & this.#mask;
    this.#seq[slot] = seq;
    this.#tNs[slot] = tNs;
    this.#done[slot] = 0;
  }

  /** Capture time of barrier `seq`, NaN where it is not open. */
  timeOf(seq: number): number {
    const slot = this.#find(seq);
    return slot < 0 ? Number.NaN : this.#tNs[slot];
  }

  release(seq: number): Release {
    const slot = this.#find(seq);
    if (slot < 0) return seq <= this.#dropped ? 'again' : 'unknown';
    if (this.#done[slot] === 1) return 'again';
    this.#done[slot] = 1;
    while (this.#head < this.#tail && this.#done[this.#head & this.#mask] === 1) {
      this.#dropped = this.#seq[this.#head++ & this.#mask];
    }
    return 'released';
  }

  /** Sequence numbers of those never released, oldest first. */
  *left(): Generator<number, void, void> {
    for (let n = this.#head; n < this.#tail; n++) {
      if (this.#done[n & this.#mask] === 0) yield this.#seq[n & this.#mask];
    }
  }

  /** Slot of barrier `seq`, or -1. Mostly it is the one found last, the one after it, or the oldest. */
  #find(seq: number): number {
    const mask = this.#mask;
    let low = this.#head;
    let high = this.#tail;
    if (low < high && this.#seq[low & mask] === seq) return low & mask;
    for (let n = Math.max(low, this.#found); n < Math.min(high, this.#found + 2); n++) {
      if (this.#seq[n & mask] !== seq) continue;
      this.#found = n;
      return n & mask;
    }
    while (low < high) {
      const middle = low + ((high - low) >> 1);
      if (this.#seq[middle & mask] < seq) low = middle + 1;
      else high = middle;
    }
    if (low === this.#tail || this.#seq[low & mask] !== seq) return -1;
    this.#found = low;
    return low & mask;
  }

  #grow(): void {
    const room = (this.#mask + 1) * 2;
    const seq = new Float64Array(room);
    const tNs = new Float64Array(room);
    const done = new Uint8Array(room);
    for (let n = this.#head; n < this.#tail; n++) {
      seq[n & (room - 1)] = this.#seq[n & this.#mask];
      tNs[n & (room - 1)] = this.#tNs[n & this.#mask];
      done[n & (room - 1)] = this.#done[n & this.#mask];
    }
    this.#seq = seq;
    this.#tNs = tNs;
    this.#done = done;
    this.#mask = room - 1;
  }
}
