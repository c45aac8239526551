// One CPU's pages inside a trace.dat: one behind the other, or in zstd chunks that are unpacked one at a
// time. Holds one chunk.

import { FileReader, unzstd, type RandomInput } from '../../base/index.ts';
import type { PageSource } from '../ftrace/ring-page.ts';
import { refuseOtherCompression, type CpuData } from './header.ts';

/** trace-cmd makes chunks of some hundred KiB; more than this is not believed. */
const CHUNK_LIMIT_BYTES = 16 * 1024 * 1024;

export class PlainCpuPages implements PageSource {
  readonly cpu: number;
  done = 0;
  readonly #input: RandomInput;
  readonly #data: CpuData;

  constructor(input: RandomInput, data: CpuData) {
    this.#input = input;
    this.#data = data;
    this.cpu = data.cpu;
  }

  next(page: Uint8Array): boolean {
    const { offset, size } = this.#data;
    if (this.done >= size) return false;
    this.#input.readInto(page, offset + this.done, `the pages of CPU ${this.cpu}`);
    this.done += page.length;
    return true;
  }
}

export class ZstdCpuPages implements PageSource {
  readonly cpu: number;
  done = 0;
  readonly #input: RandomInput;
  readonly #reader: FileReader;
  readonly #start: number;
  #chunksLeft = 0;
  #chunk: Uint8Array = new Uint8Array(0);
  #at = 0;

  constructor(
    input: RandomInput,
    data: CpuData,
    options: { readonly little: boolean; readonly compression: string },
  ) {
    this.#input = input;
    this.cpu = data.cpu;
    this.#start = data.offset;
    this.#reader = new FileReader(input, data.offset, {
      little: options.little,
      what: `the pages of CPU ${data.cpu}`,
    });
    if (data.size === 0) return;
    refuseOtherCompression(input, options.compression);
    this.#chunksLeft = this.#reader.u32();
  }

  next(page: Uint8Array): boolean {
    let filled = 0;
    while (filled < page.length) {
      if (this.#at === this.#chunk.length && !this.#nextChunk()) break;
      const part = this.#chunk.subarray(this.#at, this.#at + page.length - filled);
      page.set(part, filled);
      filled += part.length;
      this.#at += part.length;
    }
    if (filled > 0 && filled < page.length) {
      throw this.#input.cut(this.#reader.at, `the pages of CPU ${this.cpu}`);
    }
    return filled > 0;
  }

  #nextChunk(): boolean {
    if (this.#chunksLeft === 0) return false;
    this.#chunksLeft--;
    const stored = this.#reader.u32();
    const plain = this.#reader.u32();
    if (plain > CHUNK_LIMIT_BYTES) {
      throw this.#input.corrupt(this.#reader.at, `a chunk that unpacks to ${plain} bytes`);
    }
    this.#chunk = unzstd(this.#reader.slice(stored), plain, this.#input.name);
    this.#at = 0;
    this.done = this.#reader.at - this.#start;
    return true;
  }
}
