// A gzip stream, member by member (RFC 1952): each member's content is checked against its CRC and length,
// and what follows the last member is told apart from damage. Node's own gunzip drops content on either.

import { crc32, createInflateRaw, type InflateRaw } from 'node:zlib';

import { ToolError } from './errors.ts';

/** Content that came before damage is lost for one slice at most. */
const SLICE_BYTES = 4096;
const OUTPUT_BYTES = 256 * 1024;
const TRAILER_BYTES = 8;
const FIXED_HEADER_BYTES = 10;
const HEADER_LIMIT_BYTES = 64 * 1024;
const FLAG = { crc: 2, extra: 4, name: 8, comment: 16 } as const;

/** Bytes that are taken from the front as they are needed. */
class Pending {
  readonly #chunks: AsyncIterator<Uint8Array>;
  bytes: Uint8Array = new Uint8Array(0);
  isOver = false;
  /** Stored bytes before `bytes`. */
  done = 0;

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** True where at least `length` bytes are there. */
  async has(length: number): Promise<boolean> {
    while (this.bytes.length < length && !this.isOver) {
      const next = await this.#chunks.next();
      if (next.done === true) this.isOver = true;
      else if (this.bytes.length === 0) this.bytes = next.value;
      else this.bytes = Buffer.concat([this.bytes, next.value]);
    }
    return this.bytes.length >= length;
  }

  drop(length: number): void {
    this.done += length;
    this.bytes = this.bytes.subarray(length);
  }
}

export interface GzipEnd {
  /** Bytes after the last member that are no gzip data. */
  readonly trailingBytes: number;
}

/** The content of `chunks`. Throws ToolError, after the content before the damage. */
export async function* gunzip(
  chunks: AsyncIterable<Uint8Array>,
  name: string,
): AsyncGenerator<Uint8Array, GzipEnd> {
  const input = new Pending(chunks);
  for (let isFirst = true; ; isFirst = false) {
    if (!(await input.has(1))) return { trailingBytes: 0 };
    const isMember = (await input.has(2)) && input.bytes[0] === 0x1f && input.bytes[1] === 0x8b;
    if (!isMember && !isFirst) return { trailingBytes: await countRest(input) };
    const start = input.done;
    await dropHeader(input, name);
    yield* inflateMember(input, name, start);
  }
}

async function countRest(input: Pending): Promise<number> {
  let count = 0;
  while (await input.has(1)) {
    count += input.bytes.length;
    input.drop(input.bytes.length);
  }
  return count;
}

async function dropHeader(input: Pending, name: string): Promise<void> {
  if (!(await input.has(FIXED_HEADER_BYTES))) throw cut(name);
  const flags = input.bytes[3];
  if (input.bytes[2] !== 8) throw damaged(name, 'is damaged: its method is not deflate');
  let length = FIXED_HEADER_BYTES;
  if ((flags & FLAG.extra) !== 0) {
    if (!(await input.has(length + 2))) throw cut(name);
    length += 2 + input.bytes[length] + input.bytes[length + 1] * 256;
  }
  for (const flag of [FLAG.name, FLAG.comment]) {
    if ((flags & flag) === 0) continue;
    do {
      if (length > HEADER_LIMIT_BYTES) throw damaged(name, 'is damaged: its header has no end');
      if (!(await input.has(length + 1))) throw cut(name);
    } while (input.bytes[length++] !== 0);
  }
  if ((flags & FLAG.crc) !== 0) length += 2;
  if (!(await input.has(length))) throw cut(name);
  input.drop(length);
}

async function* inflateMember(
  input: Pending,
  name: string,
  start: number,
): AsyncGenerator<Uint8Array> {
  const inflate = new Inflate();
  let crc = 0;
  let length = 0;
  try {
    while (!inflate.isOver) {
      if (!(await input.has(1))) throw cut(name);
      const slice = input.bytes.subarray(0, SLICE_BYTES);
      const { used, content } = await inflate.push(slice);
      input.drop(used);
      for (const bytes of content) {
        crc = crc32(bytes, crc);
        length = (length + bytes.length) % 2 ** 32;
        yield bytes;
      }
    }
  } catch (error) {
    if (error instanceof ToolError) throw error;
    throw damaged(name, `is damaged${placeText(start, input)}`, error);
  } finally {
    inflate.close();
  }
  if (!(await input.has(TRAILER_BYTES))) throw cut(name);
  const view = new DataView(input.bytes.buffer, input.bytes.byteOffset, TRAILER_BYTES);
  if (view.getUint32(0, true) !== crc || view.getUint32(4, true) !== length) {
    throw damaged(
      name,
      `is damaged: its content does not have the checksum that was stored with it${placeText(start, input)}`,
    );
  }
  input.drop(TRAILER_BYTES);
}

/** One deflate stream, a slice at a time. */
class Inflate {
  isOver = false;
  readonly #stream: InflateRaw = createInflateRaw({ chunkSize: OUTPUT_BYTES });
  #content: Uint8Array[] = [];
  #error: Error | undefined;

  constructor() {
    this.#stream.on('data', (bytes: Uint8Array) => this.#content.push(bytes));
    this.#stream.on('error', (error) => {
      this.#error = error;
    });
    this.#stream.on('end', () => {
      this.isOver = true;
    });
  }

  /** Gives the content of `slice` and how much of it belonged to the deflate stream. */
  async push(
    slice: Uint8Array,
  ): Promise<{ readonly used: number; readonly content: readonly Uint8Array[] }> {
    const before = this.#stream.bytesWritten;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.#stream.off('error', done);
        this.#stream.off('end', done);
        resolve();
      };
      this.#stream.once('error', done);
      this.#stream.once('end', done);
      this.#stream.write(slice, done);
    });
    if (this.#error !== undefined) throw this.#error;
    const used = this.#stream.bytesWritten - before;
    // A deflate stream that has ended takes nothing more.
    if (used < slice.length) this.isOver = true;
    const content = this.#content;
    this.#content = [];
    return { used, content };
  }

  close(): void {
    this.#stream.destroy();
  }
}

function placeText(start: number, { done }: Pending): string {
  return ` (between byte ${start} and byte ${done} of what is stored)`;
}

function cut(name: string): ToolError {
  return new ToolError('E_TRUNCATED', `${name}: its gzip data ends early`);
}

function damaged(name: string, what: string, cause?: unknown): ToolError {
  return new ToolError('E_CORRUPT', `${name}: its gzip data ${what}`, { cause });
}
