// A block of shared memory that holds the layout's structures and their columns: handing out room, and
// reading and writing fields by name. Used before and after a run, and by the plain loop; never in a hurry.

import { FIELD_BYTES, LAYOUT, type StructName } from './layout.ts';

/** One structure in a block. Numbers are exact up to 2^53. */
export class Struct {
  readonly at: number;
  readonly #name: StructName;
  readonly #view: DataView;

  constructor(shared: SharedArrayBuffer, name: StructName, at: number) {
    this.at = at;
    this.#name = name;
    this.#view = new DataView(shared, at, LAYOUT[name].bytes);
  }

  get(field: string): number {
    const { at, type } = this.#place(field);
    switch (type) {
      case 'u32':
        return this.#view.getUint32(at, true);
      case 'i32':
        return this.#view.getInt32(at, true);
      case 'f64':
        return this.#view.getFloat64(at, true);
      case 'i64':
        return Number(this.#view.getBigInt64(at, true));
      default:
        return Number(this.#view.getBigUint64(at, true));
    }
  }

  /** i64 fields whose value may pass 2^53. */
  getWide(field: string): bigint {
    return this.#view.getBigInt64(this.#place(field).at, true);
  }

  set(field: string, value: number | bigint): void {
    const { at, type } = this.#place(field);
    switch (type) {
      case 'u32':
        return this.#view.setUint32(at, Number(value), true);
      case 'i32':
        return this.#view.setInt32(at, Number(value), true);
      case 'f64':
        return this.#view.setFloat64(at, Number(value), true);
      case 'i64':
        return this.#view.setBigInt64(at, BigInt(value), true);
      default:
        return this.#view.setBigUint64(at, BigInt(value), true);
    }
  }

  /** Index of a 4-byte field among the block's 32-bit words, for Atomics. */
  wordOf(field: string): number {
    return (this.at + this.#place(field).at) / 4;
  }

  #place(field: string): { readonly at: number; readonly type: keyof typeof FIELD_BYTES } {
    const place = LAYOUT[this.#name].fields.get(field);
    if (place === undefined) throw new Error(`layout: ${this.#name} has no field ${field}`);
    return place;
  }
}

/** Counts the bytes that a block needs, then hands them out: the same calls in the same order, twice. */
export class Room {
  /** Bytes handed out so far. */
  used = 0;

  /** Where `bytes` bytes begin, at a multiple of 8. */
  take(bytes: number): number {
    const at = this.used;
    this.used += Math.ceil(bytes / 8) * 8;
    return at;
  }

  takeStruct(name: StructName, count = 1): number {
    return this.take(LAYOUT[name].bytes * count);
  }
}
