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

/**
 * Reads fields one after the other, little or big endian. Every length is checked before it is used; a
 * field past the end is the error that `slice` throws.
 */
export abstract class FieldReader {
  readonly little: boolean;
  at = 0;

  constructor(little: boolean) {
    this.little = little;
  }

  /** The next `length` bytes. */
  abstract slice(length: number): Uint8Array;
  /** Steps over `length` bytes. */
  abstract skip(length: number): void;
  /** Text up to a NUL, which is stepped over. */
  abstract text(): string;

  u8(): number {
    return this.slice(1)[0];
  }

  u16(): number {
    const [a, b] = this.slice(2);
    return this.little ? a | (b << 8) : (a << 8) | b;
  }

  u32(): number {
    const [a, b, c, d] = this.slice(4);
    return (
      (this.little
        ? a | (b << 8) | (c << 16) | (d << 24)
        : (a << 24) | (b << 16) | (c << 8) | d) >>> 0
    );
  }

  /** An unsigned 64-bit field as a double: exact up to 2^53, near enough above for a bounds check. */
  u64(): number {
    const first = this.u32();
    const second = this.u32();
    return this.little ? second * 0x1_0000_0000 + first : first * 0x1_0000_0000 + second;
  }

  /** The rest of a text field's bytes as a string, without what follows a NUL. */
  string(length: number): string {
    const text = Buffer.from(this.slice(length)).toString('latin1');
    const end = text.indexOf('\0');
    return end < 0 ? text : text.slice(0, end);
  }
}

/** Fields of a stretch of memory. `fail` makes the error for a field past its end. */
export class ByteReader extends FieldReader {
  readonly bytes: Uint8Array;
  readonly #fail: (at: number) => Error;

  constructor(bytes: Uint8Array, little: boolean, fail: (at: number) => Error) {
    super(little);
    this.bytes = bytes;
    this.#fail = fail;
  }

  get left(): number {
    return this.bytes.length - this.at;
  }

  slice(length: number): Uint8Array {
    const { at } = this;
    this.skip(length);
    return this.bytes.subarray(at, at + length);
  }

  skip(length: number): void {
    if (!(length >= 0) || this.at + length > this.bytes.length) throw this.#fail(this.at);
    this.at += length;
  }

  text(): string {
    const end = this.bytes.indexOf(0, this.at);
    if (end < 0) throw this.#fail(this.at);
    const text = this.string(end - this.at);
    this.at = end + 1;
    return text;
  }
}

const TEXT_LIMIT_BYTES = 4096;

/** Fields of a file, from `at` on; `what` names the part in errors. For headers, not for bulk. */
export class FileReader extends FieldReader {
  readonly #input: RandomInput;
  readonly #what: string;

  constructor(
    input: RandomInput,
    at: number,
    options: { readonly little: boolean; readonly what: string },
  ) {
    super(options.little);
    this.#input = input;
    this.#what = options.what;
    this.at = at;
  }

  slice(length: number): Uint8Array {
    const bytes = this.#input.read(this.at, length, this.#what);
    this.at += length;
    return bytes;
  }

  skip(length: number): void {
    if (!(length >= 0) || this.at + length > this.#input.size)
      throw this.#input.cut(this.at, this.#what);
    this.at += length;
  }

  text(): string {
    const have = Math.min(TEXT_LIMIT_BYTES, this.#input.size - this.at);
    const bytes = this.#input.read(this.at, Math.max(0, have), this.#what);
    const end = bytes.indexOf(0);
    if (end < 0) throw this.#input.corrupt(this.at, `${this.#what}: a name has no end`);
    this.at += end + 1;
    return Buffer.from(bytes.subarray(0, end)).toString('latin1');
  }
}
