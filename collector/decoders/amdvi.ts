// AMD-Vi commands -> canonical columns, from their 128 bits (spec 5.2). Unknown types and reserved bits are
// kept raw as `other`.

import { FLAG, KIND, type EventBuilder } from '../model/index.ts';
import {
  keepRaw128,
  pageOf,
  setDomain,
  setPasid,
  setSource,
  setTrailingOnesRange,
  type Words128,
} from './columns.ts';

export const AMDVI_TYPE = {
  completionWait: 1,
  devtabEntry: 2,
  iommuPages: 3,
  iotlbPages: 4,
  interruptTable: 5,
  prefetchPages: 6,
  completePpr: 7,
  all: 8,
} as const;

const S = 1;
const PDE = 2;
const GN = 4;
/** Low bits of qw1 that no page command defines. */
const PAGES_RESERVED = 0xff8;

/** Fills `row` of `out` from the words: raw bytes, kind and the fields that the type defines. */
export function decodeAmdvi(out: EventBuilder, row: number, words: Words128): void {
  const { q0lo, q0hi, q1lo, q1hi } = words;
  keepRaw128(out, row, words);
  out.kind[row] = KIND.other;
  const body = q0hi & 0x0fffffff;
  switch (q0hi >>> 28) {
    case AMDVI_TYPE.completionWait:
      out.kind[row] = KIND.barrier;
      return;
    case AMDVI_TYPE.devtabEntry:
      if (((q0lo >>> 16) | body | q1lo | q1hi) !== 0) return;
      out.kind[row] = KIND.contextCache;
      setSource(out, row, q0lo);
      return;
    case AMDVI_TYPE.iommuPages:
      iommuPages(out, row, words);
      return;
    case AMDVI_TYPE.iotlbPages:
      iotlbPages(out, row, words);
      return;
    case AMDVI_TYPE.interruptTable:
      if (((q0lo >>> 16) | body | q1lo | q1hi) !== 0) return;
      out.kind[row] = KIND.interruptEntryCache;
      setSource(out, row, q0lo);
      return;
    case AMDVI_TYPE.all:
      if ((q0lo | body | q1lo | q1hi) !== 0) return;
      out.kind[row] = KIND.iotlb;
      return;
    default:
  }
}

/** PASID 19:0, DomainID 47:32; PDE clear means that only last-level entries need to go. */
function iommuPages(out: EventBuilder, row: number, words: Words128): void {
  const { q0lo, q0hi, q1lo, q1hi } = words;
  if (q0lo >>> 20 !== 0 || (q0hi & 0x0fff0000) !== 0 || (q1lo & PAGES_RESERVED) !== 0) return;
  out.kind[row] = KIND.iotlb;
  setDomain(out, row, q0hi & 0xffff);
  if ((q1lo & GN) !== 0) setPasid(out, row, q0lo & 0xfffff);
  if ((q1lo & PDE) === 0) out.flags[row] |= FLAG.leaf;
  setTrailingOnesRange(out, row, pageOf(q1lo, q1hi), (q1lo & S) !== 0);
}

/** DeviceID 15:0, PASID[15:8] 23:16, MaxPend 31:24, QueueID 47:32, PASID[7:0] 55:48. */
function iotlbPages(out: EventBuilder, row: number, words: Words128): void {
  const { q0lo, q0hi, q1lo, q1hi } = words;
  if ((q0hi & 0x0f000000) !== 0 || (q1lo & (PAGES_RESERVED | PDE)) !== 0) return;
  out.kind[row] = KIND.deviceTlb;
  setSource(out, row, q0lo & 0xffff);
  if ((q1lo & GN) !== 0) setPasid(out, row, ((q0lo >>> 8) & 0xff00) | ((q0hi >>> 16) & 0xff));
  setTrailingOnesRange(out, row, pageOf(q1lo, q1hi), (q1lo & S) !== 0);
}
