// Steps through perf's records {u32 type, u16 misc, u16 size} with one read-ahead buffer. A record that
// claims less than its header, or more than the data hold, is damage.

import type { RandomInput } from '../../base/index.ts';

const BUFFER_BYTES = 1024 * 1024;
const HEADER_BYTES = 8;

export class RecordReader {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  type = 0;
  size = 0;
  /** Where the record starts in the file. */
  at: number;
  /** Where its fields start and end in `bytes`. */
  body = 0;
  bodyEnd = 0;
  readonly #input: RandomInput;
  readonly #end: number;
  readonly #little: boolean;
  #next: number;
  /** The part of the file in `bytes`. */
  #from: number;
  #have = 0;

  constructor(
    input: RandomInput,
    options: { readonly at: number; readonly end: number; readonly little: boolean },
  ) {
    this.#input = input;
    this.#end = options.end;
    this.#little = options.little;
    this.#next = this.#from = this.at = options.at;
    this.bytes = new Uint8Array(Math.min(BUFFER_BYTES, Math.max(1, input.size)));
    this.view = new DataView(this.bytes.buffer);
  }

  /** Steps to the next record. False at the end of the data. */
  next(): boolean {
    const at = this.#next;
    if (at >= this.#end) return false;
    this.#hold(at, HEADER_BYTES);
    const start = at - this.#from;
    const size = this.view.getUint16(start + 6, this.#little);
    if (size < HEADER_BYTES) throw this.#input.corrupt(at, `a record of ${size} bytes`);
    this.#hold(at, size);
    const body = at - this.#from;
    this.type = this.view.getUint32(body, this.#little);
    this.size = size;
    this.at = at;
    this.body = body + HEADER_BYTES;
    this.bodyEnd = body + size;
    this.#next = at + size;
    return true;
  }

  /** Some records are followed by data that their size leaves out. */
  skipAfter(bytes: number): void {
    this.#next += bytes;
  }

  /** Makes sure that `length` bytes from `at` on are in the buffer. */
  #hold(at: number, length: number): void {
    if (at + length > this.#end || at + length > this.#input.size)
      throw this.#input.cut(at, 'a record');
    if (at >= this.#from && at + length <= this.#from + this.#have) return;
    this.#have = Math.min(this.bytes.length, this.#input.size - at);
    this.#from = at;
    this.#input.readInto(this.bytes.subarray(0, this.#have), at, 'its data');
  }
}
