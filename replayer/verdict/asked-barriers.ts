// The barriers of one stream that some verdict may still look at, oldest first, as columns in a ring. Knows
// each barrier's own capture time, so that a verdict never has to believe a plan about it.

import { movedRing } from './ring.ts';

const FIRST_ROOM = 64;

export class AskedBarriers {
  /** Oldest barrier that is kept and the one after the newest, as running numbers; slot = number & mask. */
  head = 0;
  tail = 0;
  mask = FIRST_ROOM - 1;
  seq = new Float64Array(FIRST_ROOM);
  /** Latest capture time up to the barrier. */
  tNs = new Float64Array(FIRST_ROOM);

  push(seq: number, tNs: number): void {
    if (this.tail - this.head > this.mask) this.#grow();
    const slot = this.tail++ & this.mask;
    this.seq[slot] = seq;
    this.tNs[slot] = tNs;
  }

  #grow(): void {
    const room = (this.mask + 1) * 2;
    this.seq = movedRing(this, this.seq, new Float64Array(room));
    this.tNs = movedRing(this, this.tNs, new Float64Array(room));
    this.mask = room - 1;
  }
}
