// What happens next: one time per member, the earliest first, and among equal times the one that was set
// first. A binary heap over typed arrays; setting and removing a member allocates nothing. Times go in by a
// column and not by argument: a double that is passed to a function that is not inlined is allocated.

export class Agenda {
  /** By member: when. Written before `set`, and not while the member is set. */
  readonly atNs: Float64Array;
  /** When the member was set, as a running number. */
  readonly #order: Float64Array;
  readonly #heap: Int32Array;
  /** By member: its place in the heap; -1 where it is not set. */
  readonly #place: Int32Array;
  #length = 0;
  readonly #orders = new Float64Array(1);

  constructor(members: number) {
    this.atNs = new Float64Array(members);
    this.#order = new Float64Array(members);
    this.#heap = new Int32Array(members);
    this.#place = new Int32Array(members).fill(-1);
  }

  /** The earliest member, which stays; -1 where none is set. */
  get next(): number {
    return this.#length === 0 ? -1 : this.#heap[0];
  }

  /** True where some member is set for `nowNs[0]` or earlier. */
  isDue(nowNs: Float64Array): boolean {
    return this.#length > 0 && this.atNs[this.#heap[0]] <= nowNs[0];
  }

  isSet(member: number): boolean {
    return this.#place[member] >= 0;
  }

  /** Lowers `soonestNs[0]` to the time of the earliest member. */
  lower(soonestNs: Float64Array): void {
    if (this.#length > 0 && this.atNs[this.#heap[0]] < soonestNs[0])
      soonestNs[0] = this.atNs[this.#heap[0]];
  }

  /** Sets a member, which is not set, for its time in `atNs`. Of equal times, the one set first goes first. */
  set(member: number): void {
    if (this.#place[member] >= 0) throw new Error('a member of an agenda was set twice');
    this.#order[member] = this.#orders[0]++;
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
    const { atNs } = this;
    if (atNs[a] !== atNs[b]) return atNs[a] < atNs[b];
    return this.#order[a] < this.#order[b];
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
      if (child + 1 < this.#length && this.#isBefore(this.#heap[child + 1], this.#heap[child]))
        child++;
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
