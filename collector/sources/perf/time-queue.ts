// Events that wait until no earlier one can come any more: columns and one arena of bytes, no object an
// event. Used where a container is not in order of time as a whole, but nearly so.

const FIRST_EVENTS = 4096;
const FIRST_BYTES = 256 * 1024;
/** Done events that may lie about before the rest is moved. */
const DONE_KEPT = 16_384;

export class TimeQueue {
  /** Data of the waiting events; `view` and `bytes` are the same memory. */
  bytes: Uint8Array<ArrayBuffer>;
  view: DataView;
  /** Of the event that `drain` hands over. */
  time = 0;
  cpu = 0;
  tag = 0;
  data = 0;
  dataEnd = 0;
  /** Events `#head … #tail - 1` wait; those before are done and not yet cleared away. */
  #spare = new Uint8Array(0);
  #head = 0;
  #tail = 0;
  #used = 0;
  #isSorted = true;
  #times = new Float64Array(FIRST_EVENTS);
  #cpus = new Int32Array(FIRST_EVENTS);
  #tags = new Uint8Array(FIRST_EVENTS);
  #starts = new Uint32Array(FIRST_EVENTS);
  #ends = new Uint32Array(FIRST_EVENTS);

  constructor() {
    this.bytes = new Uint8Array(FIRST_BYTES);
    this.view = new DataView(this.bytes.buffer);
  }

  get count(): number {
    return this.#tail - this.#head;
  }

  /** Takes an event whose data are `from`'s bytes `start … end`. */
  add(
    event: { readonly time: number; readonly cpu: number; readonly tag: number },
    from: DataView,
    start: number,
    end: number,
  ): void {
    const i = this.#tail;
    if (i === this.#times.length) this.#growColumns();
    const at = this.#used;
    const length = end - start;
    if (at + length + 3 > this.bytes.length) this.#growBytes(at + length + 3);
    this.#copy(at, from, start, end);
    this.#used = (at + length + 7) & ~7;
    if (i > this.#head && event.time < this.#times[i - 1]) this.#isSorted = false;
    this.#times[i] = event.time;
    this.#cpus[i] = event.cpu;
    this.#tags[i] = event.tag;
    this.#starts[i] = at;
    this.#ends[i] = at + length;
    this.#tail = i + 1;
  }

  /** Hands over the events up to time `until`, earliest first, equal ones in the order they came. */
  drain(until: number, take: () => void): void {
    if (!this.#isSorted) this.#sort();
    const times = this.#times;
    while (this.#head < this.#tail && times[this.#head] <= until) {
      const i = this.#head++;
      this.time = times[i];
      this.cpu = this.#cpus[i];
      this.tag = this.#tags[i];
      this.data = this.#starts[i];
      this.dataEnd = this.#ends[i];
      take();
    }
    // Clearing away costs what is kept, so it waits until far more is done.
    if (this.#head > Math.max(this.count, DONE_KEPT)) this.#clear();
  }

  /** Word by word: samples are too short for a bulk copy to pay. */
  #copy(to: number, from: DataView, start: number, end: number): void {
    const { view, bytes } = this;
    let at = start;
    let target = to;
    for (; at + 4 <= end; at += 4, target += 4)
      view.setUint32(target, from.getUint32(at, true), true);
    for (; at < end; at++, target++) bytes[target] = from.getUint8(at);
  }

  #sort(): void {
    const head = this.#head;
    const times = this.#times;
    const order = Uint32Array.from({ length: this.count }, (_, i) => head + i);
    order.sort((a, b) => times[a] - times[b] || a - b);
    permute(this.#times, head, order);
    permute(this.#cpus, head, order);
    permute(this.#tags, head, order);
    permute(this.#starts, head, order);
    permute(this.#ends, head, order);
    this.#isSorted = true;
  }

  /** Moves what waits to the front, columns and bytes. */
  #clear(): void {
    const { count } = this;
    const head = this.#head;
    // Unsorted arrivals may lie anywhere, so that moving in place could overwrite: two arenas take turns.
    if (this.#spare.length !== this.bytes.length) this.#spare = new Uint8Array(this.bytes.length);
    const bytes = this.#spare;
    let used = 0;
    for (let i = 0; i < count; i++) {
      const start = this.#starts[head + i];
      const length = this.#ends[head + i] - start;
      bytes.set(this.bytes.subarray(start, start + length), used);
      this.#starts[head + i] = used;
      this.#ends[head + i] = used + length;
      used = (used + length + 7) & ~7;
    }
    if (count > 0) {
      this.#spare = this.bytes;
      this.#setBytes(bytes);
    }
    for (const column of [this.#times, this.#cpus, this.#tags, this.#starts, this.#ends]) {
      column.copyWithin(0, head, head + count);
    }
    this.#used = used;
    this.#head = 0;
    this.#tail = count;
  }

  #growColumns(): void {
    const grow = <T extends { set(from: T): void }>(old: T, fresh: T): T => {
      fresh.set(old);
      return fresh;
    };
    const size = this.#times.length * 2;
    this.#times = grow(this.#times, new Float64Array(size));
    this.#cpus = grow(this.#cpus, new Int32Array(size));
    this.#tags = grow(this.#tags, new Uint8Array(size));
    this.#starts = grow(this.#starts, new Uint32Array(size));
    this.#ends = grow(this.#ends, new Uint32Array(size));
  }

  #growBytes(needed: number): void {
    const fresh = new Uint8Array(Math.max(needed, this.bytes.length * 2));
    fresh.set(this.bytes);
    this.#setBytes(fresh);
  }

  #setBytes(bytes: Uint8Array<ArrayBuffer>): void {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer);
  }
}

/** Puts `column[order[i]]` at `head + i`, for all of `order`. */
function permute(
  column: Float64Array | Int32Array | Uint8Array | Uint32Array,
  head: number,
  order: Uint32Array,
): void {
  const old = column.slice(head, head + order.length);
  for (let i = 0; i < order.length; i++) column[head + i] = old[order[i] - head];
}
