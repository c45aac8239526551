// The requests of one stream that some step could have covered and did not, oldest first: held back on
// purpose, or forgotten. Copies, so that the rows that were asked can go; so many at most, so that neither
// memory nor the time a step takes grows with a plan that loses requests.

import { AskedRequests } from './asked-requests.ts';

/** A plan may leave so many behind; of more, the oldest is given up. */
export const MOST_LEFT_BEHIND = 4096;

export class LeftBehind {
  count = 0;
  /** Their columns, from 0 to `count - 1`. Most plans leave none behind: there is no room until one does. */
  requests = new AskedRequests(1);
  /** When a later barrier was released before they were covered; NaN where none was. */
  exposedNs = new Float64Array(0);

  get isFull(): boolean {
    return this.count === MOST_LEFT_BEHIND;
  }

  /** Adds a copy of the request in `slot`. There must be room. */
  add(from: AskedRequests, slot: number, exposedNs: number): void {
    if (this.exposedNs.length === 0) {
      this.requests = new AskedRequests(MOST_LEFT_BEHIND);
      this.exposedNs = new Float64Array(MOST_LEFT_BEHIND);
    }
    this.#copy(from, slot, this.count);
    this.exposedNs[this.count++] = exposedNs;
  }

  /** Forgets where `gone` says so, in one pass. `gone` is asked for each, in order. */
  drop(gone: (i: number) => boolean): void {
    let to = 0;
    for (let i = 0; i < this.count; i++) {
      if (gone(i)) continue;
      if (to !== i) {
        this.#copy(this.requests, i, to);
        this.exposedNs[to] = this.exposedNs[i];
      }
      to++;
    }
    this.count = to;
  }

  /** Those asked before `seq` are exposed from `tNs` on, unless they were before. */
  expose(seq: number, tNs: number): void {
    for (let i = 0; i < this.count && this.requests.seq[i] < seq; i++)
      if (Number.isNaN(this.exposedNs[i])) this.exposedNs[i] = tNs;
  }

  #copy(from: AskedRequests, slot: number, to: number): void {
    const own = this.requests;
    own.seq[to] = from.seq[slot];
    own.tNs[to] = from.tNs[slot];
    own.kind[to] = from.kind[slot];
    own.scope[to] = from.scope[slot];
    own.flags[to] = from.flags[slot];
    own.present[to] = from.present[slot];
    own.domainId[to] = from.domainId[slot];
    own.pasid[to] = from.pasid[slot];
    own.sourceId[to] = from.sourceId[slot];
    own.page[to] = from.page[slot];
    own.pages[to] = from.pages[slot];
  }
}
