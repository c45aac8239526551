// The requests of one stream that some verdict may still look at, oldest first, as columns in a ring of
// power-of-two size. Memory is bounded by what a strategy holds back, plus one batch.

import type { EventBatch } from '../../collector/model/index.ts';
import type { Widths } from './covers.ts';
import { movedRing } from './ring.ts';

const FIRST_ROOM = 64;

export class AskedRequests implements Widths {
  /** Oldest request that is kept and the one after the newest, as running numbers; slot = number & mask. */
  head = 0;
  tail = 0;
  mask: number;
  seq: Float64Array;
  /** Latest capture time up to the request: a stamp that goes backwards counts as that. */
  tNs: Float64Array;
  kind: Uint8Array;
  scope: Uint8Array;
  flags: Uint16Array;
  present: Uint8Array;
  domainId: Uint32Array;
  pasid: Uint32Array;
  sourceId: Uint32Array;
  page: Float64Array;
  pages: Float64Array;

  /** `room` is a power of two; it grows. */
  constructor(room = FIRST_ROOM) {
    this.mask = room - 1;
    this.seq = new Float64Array(room);
    this.tNs = new Float64Array(room);
    this.kind = new Uint8Array(room);
    this.scope = new Uint8Array(room);
    this.flags = new Uint16Array(room);
    this.present = new Uint8Array(room);
    this.domainId = new Uint32Array(room);
    this.pasid = new Uint32Array(room);
    this.sourceId = new Uint32Array(room);
    this.page = new Float64Array(room);
    this.pages = new Float64Array(room);
  }

  push(batch: EventBatch, row: number, tNs: number): void {
    if (this.tail - this.head > this.mask) this.#grow();
    const slot = this.tail++ & this.mask;
    this.seq[slot] = batch.firstSeq + row;
    this.tNs[slot] = tNs;
    this.kind[slot] = batch.kind[row];
    this.scope[slot] = batch.scope[row];
    this.flags[slot] = batch.flags[row];
    this.present[slot] = batch.present[row];
    this.domainId[slot] = batch.domainId[row];
    this.pasid[slot] = batch.pasid[row];
    this.sourceId[slot] = batch.sourceId[row];
    this.page[slot] = batch.page[row];
    this.pages[slot] = batch.pages[row];
  }

  #grow(): void {
    const room = (this.mask + 1) * 2;
    this.seq = movedRing(this, this.seq, new Float64Array(room));
    this.tNs = movedRing(this, this.tNs, new Float64Array(room));
    this.kind = movedRing(this, this.kind, new Uint8Array(room));
    this.scope = movedRing(this, this.scope, new Uint8Array(room));
    this.flags = movedRing(this, this.flags, new Uint16Array(room));
    this.present = movedRing(this, this.present, new Uint8Array(room));
    this.domainId = movedRing(this, this.domainId, new Uint32Array(room));
    this.pasid = movedRing(this, this.pasid, new Uint32Array(room));
    this.sourceId = movedRing(this, this.sourceId, new Uint32Array(room));
    this.page = movedRing(this, this.page, new Float64Array(room));
    this.pages = movedRing(this, this.pages, new Float64Array(room));
    this.mask = room - 1;
  }
}
