// A file read at offsets, every read checked against its size first: a hostile length asks for nothing
// that the file does not hold.

import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

import { ToolError, fileError } from './errors.ts';

export class RandomInput {
  /** How messages name it. */
  readonly name: string;
  readonly size: number;
  #fd: number;

  /** Opens the file at `path`. Throws ToolError. */
  constructor(path: string, name = path) {
    this.name = name;
    try {
      this.#fd = openSync(path, 'r');
    } catch (error) {
      throw fileError(error, name, 'Nothing was read.');
    }
    this.size = fstatSync(this.#fd).size;
  }

  /** Exactly `length` bytes at `offset`; `what` names them where the file does not hold them. */
  read(offset: number, length: number, what: string): Uint8Array {
    this.#check(offset, length, what);
    const bytes = new Uint8Array(length);
    this.readInto(bytes, offset, what);
    return bytes;
  }

  /** Fills `bytes` from `offset` on. */
  readInto(bytes: Uint8Array, offset: number, what: string): void {
    this.#check(offset, bytes.length, what);
    let done = 0;
    while (done < bytes.length) {
      const got = readSync(this.#fd, bytes, done, bytes.length - done, offset + done);
      if (got === 0) throw this.cut(offset + done, what);
      done += got;
    }
  }

  cut(offset: number, what: string): ToolError {
    return new ToolError('E_TRUNCATED', `${this.name}: ends inside ${what} (at byte ${offset})`);
  }

  corrupt(offset: number, what: string): ToolError {
    return new ToolError('E_CORRUPT', `${this.name}: ${what} (at byte ${offset})`);
  }

  close(): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }

  #check(offset: number, length: number, what: string): void {
    if (!(offset >= 0) || !(length >= 0) || offset + length > this.size) {
      throw this.cut(Math.min(Math.max(offset, 0), this.size), what);
    }
  }
}

/** Reads fields one after the other from a stretch of bytes, little or big endian. */
export class ByteReader {
  readonly bytes: Uint8Array;
  readonly little: boolean;
  at = 0;
  readonly #view: DataView;
  readonly #fail: (at: number) => Error;

  /** `fail` makes the error where a field would lie past the end. */
  constructor(bytes: Uint8Array, little: boolean, fail: (at: number) => Error) {
    this.bytes = bytes;
    this.little = little;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#fail = fail;
  }

  get left(): number {
    return this.bytes.length - this.at;
  }

  u8(): number {
    return this.bytes[this.#take(1)];
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), this.little);
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), this.little);
  }

  /** An unsigned 64-bit field as a double: exact up to 2^53, near enough above for a bounds check. */
  u64(): number {
    const at = this.#take(8);
    const first = this.#view.getUint32(at, this.little);
    const second = this.#view.getUint32(at + 4, this.little);
    return this.little ? second * 0x1_0000_0000 + first : first * 0x1_0000_0000 + second;
  }

  slice(length: number): Uint8Array {
    const at = this.#take(length);
    return this.bytes.subarray(at, at + length);
  }

  /** Text up to a NUL, which is stepped over. */
  text(): string {
    const end = this.bytes.indexOf(0, this.at);
    if (end < 0) throw this.#fail(this.at);
    const text = Buffer.from(this.bytes.buffer, this.bytes.byteOffset + this.at, end - this.at);
    this.at = end + 1;
    return text.toString('latin1');
  }

  #take(length: number): number {
    const { at } = this;
    if (!(length >= 0) || at + length > this.bytes.length) throw this.#fail(at);
    this.at = at + length;
    return at;
  }
}
