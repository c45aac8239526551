// What happens next: one time per member, the earliest first, and among equal times the one that was set
// first. A binary heap over typed arrays; setting, moving and removing a member allocates nothing.

export class Agenda {
  readonly #atNs: Float64Array;
  /** When the member was set, as a running number. */
  readonly #order: Float64Array;
  readonly #heap: Int32Array;
  /** By member: its place in the heap; -1 where it is not set. */
  readonly #place: Int32Array;
  #length = 0;

  constructor(members: number) {
    this.#atNs = new Float64Array(members);
    this.#order = new Float64Array(members);
    this.#heap = new Int32Array(members);
    this.#place = new Int32Array(members).fill(-1);
  }

  /** Infinity where nothing is set. */
  get nextNs(): number {
    return this.#length === 0 ? Number.POSITIVE_INFINITY : this.#atNs[this.#heap[0]];
  }

  /** The earliest member, which stays; there must be one. */
  get next(): number {
    return this.#heap[0];
  }

  /** Sets a member that is not set. `order` tells equal times apart: lower goes first. */
  set(member: number, atNs: number, order: number): void {
    if (this.#place[member] >= 0) throw new Error('a member of an agenda was set twice');
    this.#atNs[member] = atNs;
    this.#order[member] = order;
    this.#up(this.#length++, member);
  }

  /** Takes a member out; nothing happens where it is not set. */
  remove(member: number): void {
    const place = this.#place[member];
    if (place < 0) return;
    this.#place[member] = -1;
    const last = this.#heap[--this.#length];
    if (last === member) return;
    if (place > 0 && this.#isBefore(last, this.#heap[(place - 1) >> 1])) this.#up(place, last);
    else this.#down(place, last);
  }

  #isBefore(a: number, b: number): boolean {
    const aNs = this.#atNs[a];
    const bNs = this.#atNs[b];
    return aNs < bNs || (aNs === bNs && this.#order[a] < this.#order[b]);
  }

  #up(from: number, member: number): void {
    let place = from;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const other = this.#heap[parent];
      if (!this.#isBefore(member, other)) break;
      this.#heap[place] = other;
      this.#place[other] = place;
      place = parent;
    }
    this.#heap[place] = member;
    this.#place[member] = place;
  }

  #down(from: number, member: number): void {
    let place = from;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= this.#length) break;
      if (child + 1 < this.#length && this.#isBefore(this.#heap[child + 1], this.#heap[child])) child++;
      const other = this.#heap[child];
      if (!this.#isBefore(other, member)) break;
      this.#heap[place] = other;
      this.#place[other] = place;
      place = child;
    }
    this.#heap[place] = member;
    this.#place[member] = place;
  }
}
