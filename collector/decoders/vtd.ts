// Intel VT-d queued-invalidation descriptors -> canonical columns, from the low 128 bits (spec 3.3).
// A descriptor with a type, granularity or reserved bit that is not in the layout is kept raw as `other`.

import { ALL_PAGES, FLAG, KIND, PRESENT, type EventBuilder } from '../model/index.ts';
import {
  keepRaw128,
  keepRawUpper,
  pageOf,
  setDomain,
  setPasid,
  setRange,
  setSource,
  setTrailingOnesRange,
  type Words128,
} from './columns.ts';

export type VtdWords = Words128;

/** Type field of a descriptor: qw0[3:0], with the extension in qw0[11:9] above it. */
export function vtdType(q0lo: number): number {
  return (q0lo & 0xf) | ((q0lo >>> 5) & 0x70);
}

/** Bits of qw0 that a type leaves reserved: [low half, high half], and of qw1's low 12 bits. */
const RESERVED: Readonly<Record<number, readonly [number, number, number]>> = {
  1: [0xffc0, 0xfffc0000, 0],
  2: [0xff00, 0xffffffff, 0xf80],
  3: [0xffe00ff0, 0x000f0000, 0xffe],
  4: [0x07ffffe0, 0xffff0000, 0],
  6: [0xffc0, 0xfff00000, 0xf80],
  7: [0xffc0, 0xfff00000, 0],
  8: [0x0e00, 0x00000000, 0x7fe],
};

/** Fills `row` of `out` from the words: raw bytes, kind and the fields that the type defines. */
export function decodeVtd(out: EventBuilder, row: number, words: VtdWords): void {
  const { q0lo, q0hi, q1lo, q1hi } = words;
  keepRaw128(out, row, words);
  const type = vtdType(q0lo);
  if (type === 5) {
    out.kind[row] = KIND.barrier;
    return;
  }
  out.kind[row] = KIND.other;
  const reserved = RESERVED[type];
  if (reserved === undefined || (q0lo & reserved[0]) !== 0 || (q0hi & reserved[1]) !== 0) return;
  const granularity = (q0lo >>> 4) & 3;
  switch (type) {
    case 1:
      contextCache(out, row, granularity, words);
      return;
    case 2:
      iotlb(out, row, granularity, words);
      return;
    case 3:
      if ((q1lo & reserved[2]) !== 0) return;
      out.kind[row] = KIND.deviceTlb;
      setSource(out, row, q0hi & 0xffff);
      setTrailingOnesRange(out, row, pageOf(q1lo, q1hi), (q1lo & 1) !== 0);
      return;
    case 4:
      out.kind[row] = KIND.interruptEntryCache;
      return;
    case 6:
      pasidIotlb(out, row, granularity, words);
      return;
    case 7:
      pasidCache(out, row, granularity, words);
      return;
    case 8:
      if ((q1lo & reserved[2]) !== 0) return;
      out.kind[row] = KIND.deviceTlb;
      setSource(out, row, q0lo >>> 16);
      setPasid(out, row, q0hi & 0xfffff);
      if ((q1lo & 1) !== 0) out.flags[row] |= FLAG.global;
      setTrailingOnesRange(out, row, pageOf(q1lo, q1hi), (q1lo & 0x800) !== 0);
      return;
    default:
  }
}

/**
 * The same for all four words of a 256-bit descriptor. Every known type leaves the upper half zero: a
 * descriptor that does not is of a form that is not known here.
 */
export function decodeVtd256(
  out: EventBuilder,
  row: number,
  lower: VtdWords,
  upper: Words128,
): void {
  decodeVtd(out, row, lower);
  keepRawUpper(out, row, upper);
  if ((upper.q0lo | upper.q0hi | upper.q1lo | upper.q1hi) === 0) return;
  if (out.kind[row] === KIND.barrier) return;
  out.kind[row] = KIND.other;
  out.present[row] &= PRESENT.cpu | PRESENT.waiter;
  out.scope[row] = 0;
  out.flags[row] = 0;
}

function contextCache(out: EventBuilder, row: number, granularity: number, words: VtdWords): void {
  if (granularity === 0) return;
  out.kind[row] = KIND.contextCache;
  if (granularity >= 2) setDomain(out, row, words.q0lo >>> 16);
  if (granularity === 3) setSource(out, row, words.q0hi & 0xffff);
}

function iotlb(out: EventBuilder, row: number, granularity: number, words: VtdWords): void {
  if (granularity === 0 || (granularity === 3 && (words.q1lo & 0xf80) !== 0)) return;
  out.kind[row] = KIND.iotlb;
  if ((words.q0lo & 0x40) !== 0) out.flags[row] |= FLAG.drainWrites;
  if ((words.q0lo & 0x80) !== 0) out.flags[row] |= FLAG.drainReads;
  if (granularity >= 2) setDomain(out, row, words.q0lo >>> 16);
  if (granularity === 3) maskedRange(out, row, words);
}

function pasidIotlb(out: EventBuilder, row: number, granularity: number, words: VtdWords): void {
  if (granularity < 2 || (granularity === 3 && (words.q1lo & 0xf80) !== 0)) return;
  out.kind[row] = KIND.iotlb;
  setDomain(out, row, words.q0lo >>> 16);
  setPasid(out, row, words.q0hi & 0xfffff);
  if (granularity === 3) maskedRange(out, row, words);
}

function pasidCache(out: EventBuilder, row: number, granularity: number, words: VtdWords): void {
  if (granularity === 2) return;
  out.kind[row] = KIND.pasidCache;
  if (granularity !== 3) setDomain(out, row, words.q0lo >>> 16);
  if (granularity === 1) setPasid(out, row, words.q0hi & 0xfffff);
}

/** Pages of each AM. */
const POWERS = Float64Array.from({ length: 64 }, (_, order) => 2 ** order);

/** qw1 of a page-selective IOTLB descriptor: AM 5:0, IH 6, ADDR 63:12, aligned to its size. */
function maskedRange(out: EventBuilder, row: number, words: VtdWords): void {
  const order = words.q1lo & 0x3f;
  if ((words.q1lo & 0x40) !== 0) out.flags[row] |= FLAG.leaf;
  if (order >= 52) {
    setRange(out, row, 0, ALL_PAGES);
    return;
  }
  const page = pageOf(words.q1lo, words.q1hi);
  const pages = POWERS[order];
  // Dividing by a power of two is exact; a remainder of doubles would be several times slower.
  setRange(out, row, order === 0 ? page : Math.floor(page / pages) * pages, pages);
}
