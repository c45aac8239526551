// Entries of one stream that have arrived and are in no call yet, in order of arrival.

import type { StepBatch } from '../steps/step-batch.ts';
import type { RequestSort } from './submissions.ts';

function grown(old: Float64Array, room: number): Float64Array {
  const fresh = new Float64Array(room);
  fresh.set(old);
  return fresh;
}

export class EntryList {
  /** First entry that still counts; those before it have gone. */
  from = 0;
  /** Behind the last entry. */
  to = 0;
  row: Float64Array = new Float64Array(8);
  sort: Float64Array = new Float64Array(8);
  /** Its range in pages of 4 KiB. */
  page: Float64Array = new Float64Array(8);
  pages: Float64Array = new Float64Array(8);
  /** Place in the arrivals of the stream. */
  order: Float64Array = new Float64Array(8);
  /** Barriers of the stream that arrived before it. */
  epoch: Float64Array = new Float64Array(8);
  /** When it arrived. */
  atNs: Float64Array = new Float64Array(8);

  get length(): number {
    return this.to - this.from;
  }

  /** Appends an entry, all of whose columns the caller sets. Returns its index. */
  add(): number {
    if (this.to === this.row.length) this.#room();
    return this.to++;
  }

  /** Forgets all entries. */
  clear(): void {
    this.from = 0;
    this.to = 0;
  }

  /** Appends all entries of `other`, which it forgets. */
  take(other: EntryList): void {
    for (let from = other.from; from < other.to; from++) {
      const to = this.add();
      this.row[to] = other.row[from];
      this.sort[to] = other.sort[from];
      this.page[to] = other.page[from];
      this.pages[to] = other.pages[from];
      this.order[to] = other.order[from];
      this.epoch[to] = other.epoch[from];
      this.atNs[to] = other.atNs[from];
    }
    other.clear();
  }

  #room(): void {
    if (this.from > 0 && 2 * this.length <= this.row.length) {
      for (const column of this.#columns()) column.copyWithin(0, this.from, this.to);
      this.to -= this.from;
      this.from = 0;
      return;
    }
    const room = 2 * this.row.length;
    this.row = grown(this.row, room);
    this.sort = grown(this.sort, room);
    this.page = grown(this.page, room);
    this.pages = grown(this.pages, room);
    this.order = grown(this.order, room);
    this.epoch = grown(this.epoch, room);
    this.atNs = grown(this.atNs, room);
  }

  #columns(): readonly Float64Array[] {
    return [this.row, this.sort, this.page, this.pages, this.order, this.epoch, this.atNs];
  }
}

/** Appends entry `i` of `list`, which is of `sort`, to the open entries of `steps`. */
export function addEntry(steps: StepBatch, list: EntryList, i: number, sort: RequestSort): void {
  const entry = steps.nextEntry();
  steps.kind[entry] = sort.kind;
  steps.scope[entry] = sort.scope;
  steps.flags[entry] = sort.flags;
  steps.present[entry] = sort.present;
  steps.domainId[entry] = sort.domainId;
  steps.pasid[entry] = sort.pasid;
  steps.sourceId[entry] = sort.sourceId;
  steps.page[entry] = list.page[i];
  steps.pages[entry] = list.pages[i];
  steps.entryFirstSeq[entry] = list.row[i];
  steps.entryLastSeq[entry] = list.row[i];
}
