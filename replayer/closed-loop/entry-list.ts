// Entries of one stream that have arrived and are in no call yet, in order of arrival.

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
  /** Place in the arrivals of the stream. */
  order: Float64Array = new Float64Array(8);
  /** Barriers of the stream that arrived before it. */
  epoch: Float64Array = new Float64Array(8);
  /** When it arrived. */
  atNs: Float64Array = new Float64Array(8);

  get length(): number {
    return this.to - this.from;
  }

  add(row: number, sort: number, order: number, epoch: number, atNs: number): void {
    if (this.to === this.row.length) this.#room();
    const i = this.to++;
    this.row[i] = row;
    this.sort[i] = sort;
    this.order[i] = order;
    this.epoch[i] = epoch;
    this.atNs[i] = atNs;
  }

  /** Forgets all entries. */
  clear(): void {
    this.from = 0;
    this.to = 0;
  }

  /** Appends all entries of `other`, which it forgets. */
  take(other: EntryList): void {
    for (let i = other.from; i < other.to; i++)
      this.add(other.row[i], other.sort[i], other.order[i], other.epoch[i], other.atNs[i]);
    other.clear();
  }

  #room(): void {
    if (this.from > 0 && 2 * this.length <= this.row.length) {
      for (const column of [this.row, this.sort, this.order, this.epoch, this.atNs])
        column.copyWithin(0, this.from, this.to);
      this.to -= this.from;
      this.from = 0;
      return;
    }
    const room = 2 * this.row.length;
    this.row = grown(this.row, room);
    this.sort = grown(this.sort, room);
    this.order = grown(this.order, room);
    this.epoch = grown(this.epoch, room);
    this.atNs = grown(this.atNs, room);
  }
}
