// Reads flatbuffer tables with every offset and length checked against the bytes that are there. Arrow's
// own decoder trusts them; a hostile length would make it loop or allocate without bound.

/** Thrown for any offset or length that points outside; callers turn it into "not readable". */
export class BadFlatbuffer extends Error {}

export interface FlatVector {
  /** Position of element 0. */
  readonly start: number;
  readonly length: number;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** One table of a flatbuffer. Slots are numbered as in the schema (spec: Arrow's Message.fbs, Schema.fbs). */
export class FlatTable {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #at: number;
  readonly #vtable: number;
  readonly #vtableBytes: number;

  private constructor(bytes: Uint8Array, view: DataView, at: number) {
    this.#bytes = bytes;
    this.#view = view;
    this.#at = at;
    this.#need(at, 4);
    this.#vtable = at - view.getInt32(at, true);
    this.#need(this.#vtable, 4);
    this.#vtableBytes = view.getUint16(this.#vtable, true);
    this.#need(this.#vtable, this.#vtableBytes);
  }

  /** The root table of a flatbuffer that starts at byte 0 of `bytes`. */
  static root(bytes: Uint8Array): FlatTable {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (bytes.byteLength < 4) throw new BadFlatbuffer('too short');
    return new FlatTable(bytes, view, view.getUint32(0, true));
  }

  int8(slot: number): number {
    const at = this.#slot(slot, 1);
    return at === 0 ? 0 : this.#view.getInt8(at);
  }

  int32(slot: number): number {
    const at = this.#slot(slot, 4);
    return at === 0 ? 0 : this.#view.getInt32(at, true);
  }

  /** A 64-bit integer that must be exact as a double and not negative. */
  count64(slot: number): number {
    const at = this.#slot(slot, 8);
    return at === 0 ? 0 : this.#count64(at);
  }

  table(slot: number): FlatTable | undefined {
    const at = this.#target(slot);
    return at === undefined ? undefined : new FlatTable(this.#bytes, this.#view, at);
  }

  string(slot: number): string {
    const vector = this.vector(slot, 1);
    try {
      return utf8.decode(this.#bytes.subarray(vector.start, vector.start + vector.length));
    } catch {
      throw new BadFlatbuffer('a string is not UTF-8');
    }
  }

  /** Elements of `elementBytes` each; an absent vector is empty. */
  vector(slot: number, elementBytes: number): FlatVector {
    const at = this.#target(slot);
    if (at === undefined) return { start: 0, length: 0 };
    this.#need(at, 4);
    const length = this.#view.getUint32(at, true);
    this.#need(at + 4, length * elementBytes);
    return { start: at + 4, length };
  }

  /** The table that element `i` of a vector of tables points to. */
  element(vector: FlatVector, i: number): FlatTable {
    const at = vector.start + i * 4;
    return new FlatTable(this.#bytes, this.#view, at + this.#view.getUint32(at, true));
  }

  /** The 64-bit count at byte `offset` of element `i` of a vector of structs. */
  structCount(
    vector: FlatVector,
    i: number,
    layout: { readonly bytes: number; readonly offset: number },
  ): number {
    return this.#count64(vector.start + i * layout.bytes + layout.offset);
  }

  has(slot: number): boolean {
    return this.#slot(slot, 1) !== 0;
  }

  #count64(at: number): number {
    const high = this.#view.getInt32(at + 4, true);
    if (high < 0 || high > 0x1f_ffff) throw new BadFlatbuffer('a length is out of range');
    return high * 0x1_0000_0000 + this.#view.getUint32(at, true);
  }

  #slot(slot: number, bytes: number): number {
    const entry = 4 + slot * 2;
    if (entry + 2 > this.#vtableBytes) return 0;
    const offset = this.#view.getUint16(this.#vtable + entry, true);
    if (offset === 0) return 0;
    this.#need(this.#at + offset, bytes);
    return this.#at + offset;
  }

  #target(slot: number): number | undefined {
    const at = this.#slot(slot, 4);
    return at === 0 ? undefined : at + this.#view.getUint32(at, true);
  }

  #need(at: number, bytes: number): void {
    if (at < 0 || bytes < 0 || at + bytes > this.#bytes.byteLength) {
      throw new BadFlatbuffer('an offset points outside');
    }
  }
}
