// Little-endian 64-bit fields from doubles below 2^53: page numbers and counts, never BigInt in a loop.

const PAGES_PER_HIGH_WORD = 0x10_0000;
const WORD = 0x1_0000_0000;

/** Byte address of page `page`, with `low12` in the bits below it. */
export function putPageAddress(out: DataView, at: number, page: number, low12 = 0): void {
  out.setUint32(at, (((page % PAGES_PER_HIGH_WORD) << 12) | low12) >>> 0, true);
  out.setUint32(at + 4, Math.floor(page / PAGES_PER_HIGH_WORD), true);
}

export function putU64(out: DataView, at: number, value: number): void {
  out.setUint32(at, value % WORD, true);
  out.setUint32(at + 4, Math.floor(value / WORD), true);
}

/** All ones. */
export function putU64Max(out: DataView, at: number): void {
  out.setUint32(at, WORD - 1, true);
  out.setUint32(at + 4, WORD - 1, true);
}
