// Events that wait until no earlier one can come any more: columns and one arena of bytes, no object an
// event. Used where a container is not in order of time as a whole.

const FIRST_EVENTS = 4096;
const FIRST_BYTES = 256 * 1024;

export class TimeQueue {
  count = 0;
  /** Data of the waiting events; `view` and `bytes` are the same memory. */
  bytes: Uint8Array;
  view: DataView;
  /** Of the event that `drain` hands over. */
  time = 0;
  cpu = 0;
  tag = 0;
  data = 0;
  dataEnd = 0;
  #used = 0;
  #times = new Float64Array(FIRST_EVENTS);
  #cpus = new Int32Array(FIRST_EVENTS);
  #tags = new Uint8Array(FIRST_EVENTS);
  #starts = new Uint32Array(FIRST_EVENTS);
  #ends = new Uint32Array(FIRST_EVENTS);

  constructor() {
    this.bytes = new Uint8Array(FIRST_BYTES);
    this.view = new DataView(this.bytes.buffer);
  }

  add(time: number, cpu: number, tag: number, data: Uint8Array): void {
    const i = this.count;
    if (i === this.#times.length) this.#growColumns();
    const start = this.#used;
    if (start + data.length > this.bytes.length) this.#growBytes(start + data.length);
    this.bytes.set(data, start);
    this.#used = (start + data.length + 7) & ~7;
    this.#times[i] = time;
    this.#cpus[i] = cpu;
    this.#tags[i] = tag;
    this.#starts[i] = start;
    this.#ends[i] = start + data.length;
    this.count++;
  }

  /** Hands over the events up to time `until`, earliest first, equal ones in the order they came. */
  drain(until: number, take: () => void): void {
    const { count } = this;
    const order = new Uint32Array(count);
    for (let i = 0; i < count; i++) order[i] = i;
    const times = this.#times;
    if (!isSorted(times, count)) order.sort((a, b) => times[a] - times[b] || a - b);
    let done = 0;
    while (done < count && times[order[done]] <= until) {
      const i = order[done++];
      this.time = times[i];
      this.cpu = this.#cpus[i];
      this.tag = this.#tags[i];
      this.data = this.#starts[i];
      this.dataEnd = this.#ends[i];
      take();
    }
    this.#keep(order.subarray(done).sort());
  }

  /** Moves the events `kept` (ascending) to the front. */
  #keep(kept: Uint32Array): void {
    let used = 0;
    for (let to = 0; to < kept.length; to++) {
      const from = kept[to];
      const length = this.#ends[from] - this.#starts[from];
      this.bytes.copyWithin(used, this.#starts[from], this.#ends[from]);
      this.#times[to] = this.#times[from];
      this.#cpus[to] = this.#cpus[from];
      this.#tags[to] = this.#tags[from];
      this.#starts[to] = used;
      this.#ends[to] = used + length;
      used = (used + length + 7) & ~7;
    }
    this.#used = used;
    this.count = kept.length;
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
    this.bytes = fresh;
    this.view = new DataView(fresh.buffer);
  }
}

function isSorted(times: Float64Array, count: number): boolean {
  for (let i = 1; i < count; i++) if (times[i] < times[i - 1]) return false;
  return true;
}
