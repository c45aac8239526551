// One CPU's ring-buffer pages as a cursor over their events, in order (spec 6.4). Checks every length
// against the page before it is used; knows nothing of what events mean.

import type { PageLayout } from './format-file.ts';

const PADDING = 29;
const TIME_EXTEND = 30;
const TIME_STAMP = 31;
const EXTEND_SCALE = 2 ** 27;
const WORD = 0x1_0000_0000;
const COMMIT_MASK = 0x3fffffff;
/** Flags in the commit word: events were lost before the page, and their number stands behind its data. */
const MISSED = 0x80000000;
const MISSED_STORED = 0x40000000;

/** Where pages come from. Each call gives the next page in `page`, or says that there is none. */
export interface PageSource {
  readonly cpu: number;
  next(page: Uint8Array): boolean;
  /** Bytes of the input that the pages so far took. */
  readonly done: number;
}

/** The zero of a recording's time scale, as the words of a 64-bit time: differences to it are exact. */
export interface TimeBase {
  high: number;
  low: number;
}

/** Events that a CPU lost before a page, between the event before it and the page's own time. */
export interface PageLoss {
  readonly cpu: number;
  /** 0 where it is not told. */
  readonly count: number;
  /** NaN before the first event. */
  readonly after: number;
  readonly before: number;
}

export interface PageCursorOptions {
  readonly pages: PageSource;
  readonly layout: PageLayout;
  readonly little: boolean;
  readonly onLost: (lost: PageLoss) => void;
  /** Makes the error for a page that contradicts itself. */
  readonly fail: (cpu: number, page: number, what: string) => Error;
}

export class PageCursor {
  readonly cpu: number;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly little: boolean;
  /** Of the event that the cursor stands on: time since the base in ns, and where its data lie. */
  time = Number.NaN;
  data = 0;
  dataEnd = 0;
  readonly #options: PageCursorOptions;
  #at = 0;
  #end = 0;
  #page = -1;

  constructor(options: PageCursorOptions) {
    this.#options = options;
    this.cpu = options.pages.cpu;
    this.little = options.little;
    this.bytes = new Uint8Array(options.layout.pageBytes);
    this.view = new DataView(this.bytes.buffer);
  }

  get done(): number {
    return this.#options.pages.done;
  }

  /** Reads the first page and gives its time; undefined where there is none. */
  open(): TimeBase | undefined {
    if (!this.#load()) return undefined;
    const words = this.#word64(0);
    return { high: words.high, low: words.low };
  }

  /** Must be called once before `next`: times count from `base` on. */
  start(base: TimeBase): void {
    this.#base = base;
    if (this.#page >= 0) this.#enter();
  }

  #base: TimeBase = { high: 0, low: 0 };

  /** Steps to the next event. False where there is no further page; it may be asked again later. */
  next(): boolean {
    for (;;) {
      if (this.#at >= this.#end) {
        if (!this.#load()) return false;
        this.#enter();
        continue;
      }
      if (this.#event()) return true;
    }
  }

  /** Steps over one record; true where it is an event with data. */
  #event(): boolean {
    const { view, little } = this;
    const at = this.#at;
    const head = view.getUint32(at, little);
    // A C bit field fills from the low end on little-endian machines, from the high end on big-endian ones.
    const type = little ? head & 0x1f : head >>> 27;
    const delta = little ? head >>> 5 : head & 0x7ffffff;
    if (type !== 0 && type < PADDING) {
      this.time += delta;
      this.data = at + 4;
      this.dataEnd = this.#at = this.#inside(at + 4 + 4 * type);
      return true;
    }
    if (type === PADDING && delta === 0) {
      this.#at = this.#end; // the rest of the page is empty
      return false;
    }
    this.#inside(at + 8);
    const next = view.getUint32(at + 4, little);
    if (type === TIME_EXTEND) {
      this.time += delta + next * EXTEND_SCALE;
      this.#at = at + 8;
      return false;
    }
    if (type === TIME_STAMP) {
      this.time = this.#absolute(delta, next);
      this.#at = at + 8;
      return false;
    }
    // Long data, or padding in the middle: the word is its own length and that of what follows.
    this.time += delta;
    if (next < 4 || next > this.bytes.length) throw this.#fail(`a record of ${next} bytes`);
    this.#at = this.#inside(at + 4 + ((next + 3) & ~3));
    this.data = at + 8;
    this.dataEnd = at + 4 + next;
    return type === 0;
  }

  /** An absolute time: 59 bits, of which the differences to the base's same bits are exact. */
  #absolute(low27: number, high32: number): number {
    const { high, low } = this.#base;
    const baseLow = low % EXTEND_SCALE;
    const baseHigh = (high * 32 + Math.floor(low / EXTEND_SCALE)) % WORD;
    return (high32 - baseHigh) * EXTEND_SCALE + (low27 - baseLow);
  }

  #load(): boolean {
    if (!this.#options.pages.next(this.bytes)) return false;
    this.#page++;
    return true;
  }

  /** Takes the page's own time and length, and tells of what was lost before it. */
  #enter(): void {
    const { layout, onLost } = this.#options;
    const after = this.time;
    const time = this.#word64(0);
    this.time = (time.high - this.#base.high) * WORD + (time.low - this.#base.low);
    const low = layout.commitBytes === 8 && !this.little ? 4 : 0;
    const commit = this.view.getUint32(layout.commitOffset + low, this.little);
    const length = commit & COMMIT_MASK;
    if (length > this.bytes.length - layout.dataOffset || length % 4 !== 0) {
      throw this.#fail(`claims ${length} bytes of data`);
    }
    this.#at = layout.dataOffset;
    this.#end = layout.dataOffset + length;
    if ((commit & MISSED) === 0) return;
    const stored =
      (commit & MISSED_STORED) !== 0 && this.#end + layout.commitBytes <= this.bytes.length;
    const count = stored ? this.#stored(this.#end, layout.commitBytes) : 0;
    onLost({ cpu: this.cpu, count, after, before: this.time });
  }

  #stored(at: number, bytes: number): number {
    if (bytes === 4) return this.view.getUint32(at, this.little);
    const { high, low } = this.#word64(at);
    return Math.min(high * WORD + low, Number.MAX_SAFE_INTEGER);
  }

  #word64(at: number): TimeBase {
    const first = this.view.getUint32(at, this.little);
    const second = this.view.getUint32(at + 4, this.little);
    return this.little ? { high: second, low: first } : { high: first, low: second };
  }

  #inside(end: number): number {
    if (end > this.#end) throw this.#fail('a record that runs past its data');
    return end;
  }

  #fail(what: string): Error {
    return this.#options.fail(this.cpu, this.#page, what);
  }
}
