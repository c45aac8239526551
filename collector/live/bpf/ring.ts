// Reads the kernel's BPF ring buffer where it lies: records are looked at in the memory that the kernel wrote
// them to, and given back when they were taken. Nobody is woken for a record; the reader comes by itself.

import { Mapping, kernelPageBytes } from './kernel.ts';

const HEADER_BYTES = 8;
const BUSY = 0x8000_0000;
const DISCARDED = 0x4000_0000;
const LENGTH = 0x3fff_ffff;

/** Looks at one record: `bytes` and `words` are the whole buffer, the record lies at byte `at`. */
export type TakeRecord = (at: number, length: number) => void;

export class Ring {
  /** The data, twice in a row, so that no record is cut in two. */
  readonly bytes: Uint8Array;
  readonly words: Uint32Array;
  readonly #heads: Int32Array;
  readonly #consumer: Mapping;
  readonly #producer: Mapping;
  readonly #consumed: BigInt64Array;
  readonly #produced: BigInt64Array;
  readonly #size: number;

  /** `size`: bytes of the ring buffer, a power of two. Throws KernelError. */
  constructor(fd: number, size: number) {
    const page = kernelPageBytes();
    this.#size = size;
    this.#consumer = new Mapping(fd, { bytes: page, offset: 0, isWritable: true });
    this.#producer = new Mapping(fd, {
      bytes: page + 2 * size,
      offset: page,
      isWritable: false,
    });
    this.#consumed = new BigInt64Array(this.#consumer.memory, 0, 1);
    this.#produced = new BigInt64Array(this.#producer.memory, 0, 1);
    this.bytes = new Uint8Array(this.#producer.memory, page);
    this.words = new Uint32Array(this.#producer.memory, page);
    this.#heads = new Int32Array(this.#producer.memory, page);
  }

  /** Takes up to `most` records that are whole by now; returns how many. */
  take(most: number, record: TakeRecord): number {
    const produced = Number(Atomics.load(this.#produced, 0));
    let at = Number(Atomics.load(this.#consumed, 0));
    let taken = 0;
    while (at < produced && taken < most) {
      const place = at % this.#size;
      const head = Atomics.load(this.#heads, place / 4) >>> 0;
      if ((head & BUSY) !== 0) break;
      const length = head & LENGTH;
      if ((head & DISCARDED) === 0) record(place + HEADER_BYTES, length);
      at += HEADER_BYTES + Math.ceil(length / 8) * 8;
      taken++;
    }
    Atomics.store(this.#consumed, 0, BigInt(at));
    return taken;
  }

  /** Nothing may be taken, or looked at, afterwards. */
  close(): void {
    this.#consumer.unmap();
    this.#producer.unmap();
  }
}
