// Arm SMMUv3 commands -> canonical columns, from their 128 bits (spec 4). A command with an unknown opcode,
// or with a bit that its opcode does not define, is kept raw as `other`.

import { FLAG, KIND, type EventBuilder } from '../model/index.ts';
import {
  keepRaw128,
  pageOf,
  setDomain,
  setPasid,
  setRange,
  setSource,
  type Words128,
} from './columns.ts';

export const SMMUV3_OP = {
  prefetchConfig: 0x01,
  cfgiSte: 0x03,
  cfgiSteRange: 0x04,
  cfgiCd: 0x05,
  cfgiCdAll: 0x06,
  nhAll: 0x10,
  nhAsid: 0x11,
  nhVa: 0x12,
  nhVaa: 0x13,
  el2All: 0x20,
  el2Asid: 0x21,
  el2Va: 0x22,
  el2Vaa: 0x23,
  s12VmAll: 0x28,
  s2Ipa: 0x2a,
  nsnhAll: 0x30,
  atcInv: 0x40,
  sync: 0x46,
} as const;

/** Fields of an opcode as masks of the words' halves; every other bit is reserved. */
interface Layout {
  readonly kind: number;
  readonly q0lo: number;
  readonly q0hi: number;
  readonly q1lo: number;
  readonly q1hi: number;
}

const OPCODE = 0xff;
const SSID = 0xfffff000;
const RANGE = 0x03f1f000; // SCALE 25:20, NUM 16:12
const VMID = 0xffff;
const ASID = 0xffff0000;
const ALL = 0xffffffff;
/** Leaf 0, TTL 9:8, TG 11:10, address from 12. */
const TLBI_ADDRESS = 0xffffff01;
const IPA_HIGH = 0x000fffff;

const { iotlb, contextCache, pasidCache, deviceTlb, barrier } = KIND;

function layout(kind: number, q0lo: number, q0hi: number, q1lo = 0, q1hi = 0): Layout {
  return { kind, q0lo: q0lo | OPCODE, q0hi, q1lo, q1hi };
}

const LAYOUTS: readonly (Layout | undefined)[] = sparse([
  [SMMUV3_OP.cfgiSte, layout(contextCache, 0, ALL, 1)],
  [SMMUV3_OP.cfgiSteRange, layout(contextCache, 0, ALL, 0x1f)],
  [SMMUV3_OP.cfgiCd, layout(pasidCache, SSID, ALL, 1)],
  [SMMUV3_OP.cfgiCdAll, layout(pasidCache, 0, ALL)],
  [SMMUV3_OP.nhAll, layout(iotlb, 0, VMID)],
  [SMMUV3_OP.nhAsid, layout(iotlb, 0, ASID | VMID)],
  [SMMUV3_OP.nhVa, layout(iotlb, RANGE, ASID | VMID, TLBI_ADDRESS, ALL)],
  [SMMUV3_OP.nhVaa, layout(iotlb, RANGE, VMID, TLBI_ADDRESS, ALL)],
  [SMMUV3_OP.el2All, layout(iotlb, 0, 0)],
  [SMMUV3_OP.el2Asid, layout(iotlb, 0, ASID)],
  [SMMUV3_OP.el2Va, layout(iotlb, RANGE, ASID, TLBI_ADDRESS, ALL)],
  [SMMUV3_OP.el2Vaa, layout(iotlb, RANGE, 0, TLBI_ADDRESS, ALL)],
  [SMMUV3_OP.s12VmAll, layout(iotlb, 0, VMID)],
  [SMMUV3_OP.s2Ipa, layout(iotlb, RANGE, VMID, TLBI_ADDRESS, IPA_HIGH)],
  [SMMUV3_OP.nsnhAll, layout(iotlb, 0, 0)],
  // Global 9, SSV 11, SSID 31:12; Size 5:0, address.
  [SMMUV3_OP.atcInv, layout(deviceTlb, SSID | 0xa00, ALL, 0xfffff03f, ALL)],
  // CS 13:12, MSH 23:22, MSIAttr 27:24, MSIData; MSIAddress 51:2.
  [SMMUV3_OP.sync, layout(barrier, 0x0fc03000, ALL, 0xfffffffc, 0x000fffff)],
]);

function sparse(entries: readonly (readonly [number, Layout])[]): readonly (Layout | undefined)[] {
  const table: (Layout | undefined)[] = Array.from({ length: 256 });
  for (const [opcode, entry] of entries) table[opcode] = entry;
  return table;
}

/** Fills `row` of `out` from the words: raw bytes, kind and the fields that the opcode defines. */
export function decodeSmmuv3(out: EventBuilder, row: number, words: Words128): void {
  const { q0lo, q0hi, q1lo, q1hi } = words;
  keepRaw128(out, row, words);
  out.kind[row] = KIND.other;
  const opcode = q0lo & OPCODE;
  const known = LAYOUTS[opcode];
  if (known === undefined) return;
  const reserved =
    (q0lo & ~known.q0lo) | (q0hi & ~known.q0hi) | (q1lo & ~known.q1lo) | (q1hi & ~known.q1hi);
  if (reserved !== 0) return;
  switch (opcode) {
    case SMMUV3_OP.cfgiSteRange: // 2^(Range+1) streams: no one source restricts
    case SMMUV3_OP.sync:
      break;
    case SMMUV3_OP.cfgiSte:
    case SMMUV3_OP.cfgiCdAll:
      setSource(out, row, q0hi);
      break;
    case SMMUV3_OP.cfgiCd:
      setSource(out, row, q0hi);
      setPasid(out, row, q0lo >>> 12);
      break;
    case SMMUV3_OP.atcInv:
      if (!atcInv(out, row, words)) return;
      break;
    default:
      if (!tlbi(out, row, known, words)) return;
  }
  out.kind[row] = known.kind;
}

/** Domain, PASID and range as far as the opcode has them. False where the range fields contradict. */
function tlbi(out: EventBuilder, row: number, known: Layout, words: Words128): boolean {
  const { q0lo, q0hi, q1lo, q1hi } = words;
  if ((known.q0lo & RANGE) !== 0) {
    const granule = (q1lo >>> 10) & 3;
    const scale = (q0lo >>> 20) & 0x3f;
    const num = (q0lo >>> 12) & 0x1f;
    const isSingle = num === 0 && scale === 0 && (q1lo & 0x300) === 0;
    // TG 0: one address, no range fields. Any other TG with none of them is reserved (spec 4.3).
    if ((granule === 0) !== isSingle) return false;
    const granulePages = granule === 0 ? 1 : 4 ** (granule - 1);
    setRange(out, row, pageOf(q1lo, q1hi), (num + 1) * 2 ** scale * granulePages);
    if ((q1lo & 1) !== 0) out.flags[row] |= FLAG.leaf;
    if (granule === 2) out.flags[row] |= FLAG.granule16k;
    if (granule === 3) out.flags[row] |= FLAG.granule64k;
  }
  if ((known.q0hi & VMID) !== 0) setDomain(out, row, q0hi & VMID);
  if ((known.q0hi & ASID) !== 0) setPasid(out, row, q0hi >>> 16);
  return true;
}

/** Size 5:0 is log2 of 4 KiB pages; 52 is everything: then no range restricts. */
function atcInv(out: EventBuilder, row: number, words: Words128): boolean {
  const { q0lo, q0hi, q1lo, q1hi } = words;
  const order = q1lo & 0x3f;
  if (order > 52) return false;
  setSource(out, row, q0hi);
  if ((q0lo & 0x800) !== 0) setPasid(out, row, q0lo >>> 12);
  if ((q0lo & 0x200) !== 0) out.flags[row] |= FLAG.global;
  if (order === 52) return true;
  const pages = 2 ** order;
  const page = pageOf(q1lo, q1hi);
  setRange(out, row, page - (page % pages), pages);
  return true;
}
