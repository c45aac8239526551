// Events of a text that is not in order of time (`cat per_cpu/cpu*/trace`, several traces one behind the other):
// held until the end, then taken by time. A trace clock never goes back on a CPU, so that this keeps each CPU's
// own order. Columns, no object per event.

const FIRST_EVENTS = 4096;
const WORDS = 8;

/** One event: for qi_submit its stream and eight words, for unmap its page and pages. */
export interface HeldEvent {
  role: number;
  time: number;
  cpu: number;
  instance: number;
  stream: number;
  page: number;
  pages: number;
  readonly words: Uint32Array;
}

export function heldEvent(): HeldEvent {
  return {
    role: 0,
    time: 0,
    cpu: -1,
    instance: 0,
    stream: 0,
    page: 0,
    pages: 0,
    words: new Uint32Array(WORDS),
  };
}

export class CpuOrder {
  #count = 0;
  #roles = new Uint8Array(FIRST_EVENTS);
  #times = new Float64Array(FIRST_EVENTS);
  #cpus = new Int32Array(FIRST_EVENTS);
  #instances = new Uint16Array(FIRST_EVENTS);
  #streams = new Int32Array(FIRST_EVENTS);
  #pages = new Float64Array(FIRST_EVENTS * 2);
  #words = new Uint32Array(FIRST_EVENTS * WORDS);

  add(event: HeldEvent): void {
    if (this.#count === this.#roles.length) this.#grow();
    const i = this.#count++;
    this.#roles[i] = event.role;
    this.#times[i] = event.time;
    this.#cpus[i] = event.cpu;
    this.#instances[i] = event.instance;
    this.#streams[i] = event.stream;
    this.#pages[i * 2] = event.page;
    this.#pages[i * 2 + 1] = event.pages;
    this.#words.set(event.words, i * WORDS);
  }

  /** Hands over every event, earliest first; `event` is filled anew each time. */
  drain(event: HeldEvent, take: () => void): void {
    const times = this.#times;
    const order = Uint32Array.from({ length: this.#count }, (_, i) => i);
    order.sort((a, b) => times[a] - times[b] || a - b);
    for (const i of order) {
      event.role = this.#roles[i];
      event.time = this.#times[i];
      event.cpu = this.#cpus[i];
      event.instance = this.#instances[i];
      event.stream = this.#streams[i];
      event.page = this.#pages[i * 2];
      event.pages = this.#pages[i * 2 + 1];
      event.words.set(this.#words.subarray(i * WORDS, (i + 1) * WORDS));
      take();
    }
    this.#count = 0;
  }

  #grow(): void {
    const grow = <T extends { readonly length: number; set(from: T): void }>(
      old: T,
      make: new (length: number) => T,
    ): T => {
      const fresh = new make(old.length * 2);
      fresh.set(old);
      return fresh;
    };
    this.#roles = grow(this.#roles, Uint8Array);
    this.#times = grow(this.#times, Float64Array);
    this.#cpus = grow(this.#cpus, Int32Array);
    this.#instances = grow(this.#instances, Uint16Array);
    this.#streams = grow(this.#streams, Int32Array);
    this.#pages = grow(this.#pages, Float64Array);
    this.#words = grow(this.#words, Uint32Array);
  }
}
