// The requests of one stream that are not settled yet, oldest first, as columns in a ring of power-of-two
// size. Memory is bounded by what a strategy holds back, plus one batch.

import type { EventBatch } from '../../collector/model/index.ts';
import type { Widths } from './covers.ts';

const FIRST_ROOM = 1024;

export class OpenRequests implements Widths {
  /** Oldest open request and the one after the newest, as running numbers; slot = number & mask. */
  head = 0;
  tail = 0;
  mask = FIRST_ROOM - 1;
  seq = new Float64Array(FIRST_ROOM);
  tNs = new Float64Array(FIRST_ROOM);
  /** When a later barrier was released although this was not invalidated; NaN where none was. */
  exposedNs = new Float64Array(FIRST_ROOM);
  covered = new Uint8Array(FIRST_ROOM);
  kind = new Uint8Array(FIRST_ROOM);
  scope = new Uint8Array(FIRST_ROOM);
  flags = new Uint16Array(FIRST_ROOM);
  present = new Uint8Array(FIRST_ROOM);
  domainId = new Uint32Array(FIRST_ROOM);
  pasid = new Uint32Array(FIRST_ROOM);
  page = new Float64Array(FIRST_ROOM);
  pages = new Float64Array(FIRST_ROOM);

  push(batch: EventBatch, row: number, tNs: number): void {
    if (this.tail - this.head > this.mask) this.#grow();
    const slot = this.tail++ & this.mask;
    this.seq[slot] = batch.firstSeq + row;
    this.tNs[slot] = tNs;
    this.exposedNs[slot] = Number.NaN;
    this.covered[slot] = 0;
    this.kind[slot] = batch.kind[row];
    this.scope[slot] = batch.scope[row];
    this.flags[slot] = batch.flags[row];
    this.present[slot] = batch.present[row];
    this.domainId[slot] = batch.domainId[row];
    this.pasid[slot] = batch.pasid[row];
    this.page[slot] = batch.page[row];
    this.pages[slot] = batch.pages[row];
  }

  /** Steps over what is covered at the old end. */
  dropCovered(): void {
    while (this.head < this.tail && this.covered[this.head & this.mask] === 1) this.head++;
  }

  #grow(): void {
    const room = (this.mask + 1) * 2;
    const moved = <T extends Float64Array | Uint32Array | Uint16Array | Uint8Array>(
      from: T,
      to: T,
    ): T => {
      for (let n = this.head; n < this.tail; n++) to[n & (room - 1)] = from[n & this.mask];
      return to;
    };
    this.seq = moved(this.seq, new Float64Array(room));
    this.tNs = moved(this.tNs, new Float64Array(room));
    this.exposedNs = moved(this.exposedNs, new Float64Array(room));
    this.covered = moved(this.covered, new Uint8Array(room));
    this.kind = moved(this.kind, new Uint8Array(room));
    this.scope = moved(this.scope, new Uint8Array(room));
    this.flags = moved(this.flags, new Uint16Array(room));
    this.present = moved(this.present, new Uint8Array(room));
    this.domainId = moved(this.domainId, new Uint32Array(room));
    this.pasid = moved(this.pasid, new Uint32Array(room));
    this.page = moved(this.page, new Float64Array(room));
    this.pages = moved(this.pages, new Float64Array(room));
    this.mask = room - 1;
  }
}
