// Numbers appended per waiter and read back in the same order: how a recording of any length is kept for
// simulations that read each waiter at its own pace. What exceeds a budget of memory goes to a file that
// has no name. A number takes one byte where it is small, eight at most.

import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const FIRST_CHUNK_BYTES = 256;
const CHUNK_BYTES = 32 * 1024;
/** 8 × 7 bits: every whole number below 2^53, its sign included. */
const MOST_BYTES = 8;
const MEMORY_BYTES = 48 * 1024 * 1024;

interface Chunk {
  readonly used: number;
  /** The bytes, or where they are in the file. */
  readonly at: Uint8Array | number;
}

/** One waiter's chunks. */
interface Lane {
  readonly chunks: Chunk[];
  open: Uint8Array;
  used: number;
}

/** Tapes of all waiters. Written first, then read by any number of readers; `close` gives the file back. */
export class Tapes {
  readonly #lanes: Lane[] = [];
  readonly #budgetBytes: number;
  #inMemoryBytes = 0;
  #file = -1;
  #fileBytes = 0;

  constructor(budgetBytes = MEMORY_BYTES) {
    this.#budgetBytes = budgetBytes;
  }

  /** Appends a whole number of at least 0. */
  put(lane: number, value: number): void {
    const tape = this.#lane(lane);
    if (tape.used + MOST_BYTES > tape.open.length) this.#turn(tape);
    const bytes = tape.open;
    let at = tape.used;
    let rest = value;
    while (rest >= 0x1000_0000) {
      bytes[at++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    while (rest >= 128) {
      bytes[at++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    bytes[at++] = rest;
    tape.used = at;
  }

  /** Appends a whole number of either sign. */
  putSigned(lane: number, value: number): void {
    this.put(lane, value < 0 ? -2 * value - 1 : 2 * value);
  }

  reader(lane: number): TapeReader {
    const { chunks, open, used } = this.#lane(lane);
    return new TapeReader(used === 0 ? chunks : [...chunks, { used, at: open }], this.#file);
  }

  close(): void {
    if (this.#file >= 0) closeSync(this.#file);
    this.#file = -1;
  }

  #lane(number: number): Lane {
    while (this.#lanes.length <= number)
      this.#lanes.push({ chunks: [], open: new Uint8Array(FIRST_CHUNK_BYTES), used: 0 });
    return this.#lanes[number];
  }

  /** The open chunk is full: it is kept, in memory or in the file, and another is opened. */
  #turn(tape: Lane): void {
    const { open, used } = tape;
    if (this.#inMemoryBytes + open.length <= this.#budgetBytes) {
      this.#inMemoryBytes += open.length;
      tape.chunks.push({ used, at: open });
      tape.open = new Uint8Array(Math.min(CHUNK_BYTES, 2 * open.length));
    } else {
      if (this.#file < 0) this.#file = namelessFile();
      writeSync(this.#file, open, 0, used, this.#fileBytes);
      tape.chunks.push({ used, at: this.#fileBytes });
      this.#fileBytes += used;
    }
    tape.used = 0;
  }
}

export class TapeReader {
  readonly #chunks: readonly Chunk[];
  readonly #file: number;
  #next = 0;
  #bytes: Uint8Array = new Uint8Array(0);
  #buffer: Uint8Array | undefined;
  #at = 0;
  #used = 0;

  constructor(chunks: readonly Chunk[], file: number) {
    this.#chunks = chunks;
    this.#file = file;
  }

  /** True where everything has been read. */
  get isOver(): boolean {
    return this.#at === this.#used && this.#next === this.#chunks.length;
  }

  next(): number {
    if (this.#at === this.#used) this.#turn();
    const bytes = this.#bytes;
    let byte = bytes[this.#at++];
    if (byte < 128) return byte;
    let value = byte & 127;
    for (let scale = 128; ; scale *= 128) {
      byte = bytes[this.#at++];
      if (byte < 128) return value + byte * scale;
      value += (byte & 127) * scale;
    }
  }

  nextSigned(): number {
    const value = this.next();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  #turn(): void {
    if (this.#next === this.#chunks.length) throw new Error('a tape was read past its end');
    const { used, at } = this.#chunks[this.#next++];
    if (typeof at === 'number') {
      this.#buffer ??= new Uint8Array(CHUNK_BYTES);
      if (readSync(this.#file, this.#buffer, 0, used, at) !== used)
        throw new Error('the file of a tape is shorter than what was written');
      this.#bytes = this.#buffer;
    } else {
      this.#bytes = at;
    }
    this.#at = 0;
    this.#used = used;
  }
}

/** A file that nobody else can open and that is gone when it is closed. */
function namelessFile(): number {
  const folder = mkdtempSync(join(tmpdir(), 'iotlb-tape-'));
  const file = openSync(join(folder, 'tape'), 'wx+', 0o600);
  rmSync(folder, { recursive: true });
  return file;
}
