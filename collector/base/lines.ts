// Cuts a byte stream into lines without copying them, counting lines from 1. A line longer than the
// limit is handed over as oversized, so that a hostile input cannot fill memory.

const NEWLINE = 10;
const LINE_LIMIT_BYTES = 64 * 1024;

export interface LineReader {
  /** Line `number` is `bytes[start … end)`, without its line end. `whole` is false where no line end came. */
  line(bytes: Uint8Array, start: number, end: number, number: number, whole: boolean): void;
}

export class LineSplitter {
  lines = 0;
  readonly #reader: LineReader;
  #carry = new Uint8Array(0);

  constructor(reader: LineReader) {
    this.#reader = reader;
  }

  push(chunk: Uint8Array): void {
    let bytes = chunk;
    let at = 0;
    if (this.#carry.length > 0) {
      const first = chunk.indexOf(NEWLINE);
      if (first < 0) {
        this.#keep(chunk, 0);
        return;
      }
      const joined = new Uint8Array(this.#carry.length + first);
      joined.set(this.#carry);
      joined.set(chunk.subarray(0, first), this.#carry.length);
      this.#carry = new Uint8Array(0);
      this.#emit(joined, 0, joined.length, true);
      bytes = chunk;
      at = first + 1;
    }
    for (;;) {
      const end = bytes.indexOf(NEWLINE, at);
      if (end < 0) break;
      this.#emit(bytes, at, end, true);
      at = end + 1;
    }
    if (at < bytes.length) this.#keep(bytes, at);
  }

  /** Hands over what came after the last line end, if anything. */
  end(): void {
    if (this.#carry.length > 0) this.#emit(this.#carry, 0, this.#carry.length, false);
    this.#carry = new Uint8Array(0);
  }

  #emit(bytes: Uint8Array, start: number, end: number, whole: boolean): void {
    this.lines++;
    const last = end > start && bytes[end - 1] === 13 ? end - 1 : end;
    this.#reader.line(bytes, start, last, this.lines, whole);
  }

  #keep(bytes: Uint8Array, from: number): void {
    // Past the limit only the head is kept: enough to see that the line is not one of ours.
    const room = Math.max(0, LINE_LIMIT_BYTES - this.#carry.length);
    const tail = bytes.subarray(from, Math.min(bytes.length, from + room));
    const joined = new Uint8Array(this.#carry.length + tail.length);
    joined.set(this.#carry);
    joined.set(tail, this.#carry.length);
    this.#carry = joined;
  }
}
