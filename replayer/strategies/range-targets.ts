// Numbers the targets of a run of entries as they appear: entries with the same number share scope, flags,
// domain, PASID and source: the rule of `joinKey` in numbers. Typed arrays only.

import { PRESENT } from '../../collector/model/index.ts';
import type { StepBatch } from '../steps/step-batch.ts';

const FIRST_ROOM = 64;
/** Up to so many, looking at each beats a hash. */
const LINEAR = 8;

export class RangeTargets {
  /** Targets so far. */
  count = 0;
  #words = new Int32Array(FIRST_ROOM);
  #domains = new Uint32Array(FIRST_ROOM);
  #pasids = new Uint32Array(FIRST_ROOM);
  #sources = new Uint32Array(FIRST_ROOM);
  #last = 0;
  /** Open hash table of targets; of another run where the stamp differs. */
  #table = new Int32Array(FIRST_ROOM * 4);
  #stamp = new Int32Array(FIRST_ROOM * 4);
  #round = 0;

  /** Begins a run of at most `most` entries. */
  begin(most: number): void {
    this.count = 0;
    this.#last = 0;
    this.#round++;
    if (most > this.#words.length) this.#grow(2 ** Math.ceil(Math.log2(most)));
  }

  /** The number of the target of entry `i`. */
  of(batch: StepBatch, i: number): number {
    const present = batch.present[i];
    const word = batch.scope[i] | (batch.flags[i] << 4) | (present << 20);
    const domain = (present & PRESENT.domainId) === 0 ? 0 : batch.domainId[i];
    const pasid = (present & PRESENT.pasid) === 0 ? 0 : batch.pasid[i];
    const source = (present & PRESENT.sourceId) === 0 ? 0 : batch.sourceId[i];
    if (this.count > 0 && this.#is(this.#last, word, domain, pasid, source)) return this.#last;
    return (this.#last = this.#find(word, domain, pasid, source));
  }

  #find(word: number, domain: number, pasid: number, source: number): number {
    const few = Math.min(this.count, LINEAR);
    for (let n = 0; n < few; n++) if (this.#is(n, word, domain, pasid, source)) return n;
    if (this.count < LINEAR) return this.#add(word, domain, pasid, source);
    const mask = this.#table.length - 1;
    let hash = Math.imul(domain ^ Math.imul(pasid ^ (source << 8), 0x9e37_79b1), 0x85eb_ca6b);
    hash = Math.imul(hash ^ (hash >>> 15) ^ word, 0xc2b2_ae35);
    for (let slot = (hash ^ (hash >>> 16)) & mask; ; slot = (slot + 1) & mask) {
      if (this.#stamp[slot] !== this.#round) {
        this.#stamp[slot] = this.#round;
        return (this.#table[slot] = this.#add(word, domain, pasid, source));
      }
      if (this.#is(this.#table[slot], word, domain, pasid, source)) return this.#table[slot];
    }
  }

  #is(n: number, word: number, domain: number, pasid: number, source: number): boolean {
    return (
      this.#domains[n] === domain &&
      this.#pasids[n] === pasid &&
      this.#words[n] === word &&
      this.#sources[n] === source
    );
  }

  #add(word: number, domain: number, pasid: number, source: number): number {
    const n = this.count++;
    this.#words[n] = word;
    this.#domains[n] = domain;
    this.#pasids[n] = pasid;
    this.#sources[n] = source;
    return n;
  }

  #grow(room: number): void {
    this.#words = new Int32Array(room);
    this.#domains = new Uint32Array(room);
    this.#pasids = new Uint32Array(room);
    this.#sources = new Uint32Array(room);
    this.#table = new Int32Array(room * 4);
    this.#stamp = new Int32Array(room * 4);
    this.#round = 1;
  }
}
