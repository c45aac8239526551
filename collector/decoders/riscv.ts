// RISC-V IOMMU commands, 128 bits (RISC-V IOMMU Architecture Specification 1.0, chapter 3.1; the fields as in
// Linux's drivers/iommu/riscv/iommu-bits.h). Reserved bits make a command illegal: it does nothing, so it is `other`.

import { FLAG, KIND, type EventBuilder } from '../model/index.ts';
import {
  keepRaw128,
  pageOf,
  setDomain,
  setPasid,
  setRange,
  setSource,
  setTrailingOnesRange,
  type Words128,
} from './columns.ts';

const OPCODE = { iotinval: 1, iofence: 2, iodir: 3, ats: 4 } as const;
const VMA = 0;
const GVMA = 1;
const DDT = 0;
const PDT = 1;
const ATS_INVAL = 0;

/** Bits of the first word that mean nothing, low and high half, by what the command is. */
const RESERVED = {
  iotinval: { low: 0x0000_0800, high: 0xf000_0ffc },
  iofence: { low: 0xffff_c000, high: 0 },
  iodir: { low: 0x0000_0c00, high: 0x0000_00fd },
  ats: { low: 0x0000_0c00, high: 0x0000_00fc },
} as const;

const isClear = ({ q0lo, q0hi }: Words128, bits: { low: number; high: number }): boolean =>
  (q0lo & bits.low) === 0 && (q0hi & bits.high) === 0;

/** Fills the row from the command's words, which it keeps. */
export function decodeRiscv(out: EventBuilder, row: number, words: Words128): void {
  keepRaw128(out, row, words);
  const func = (words.q0lo >>> 7) & 7;
  out.kind[row] = KIND.other;
  switch (words.q0lo & 0x7f) {
    case OPCODE.iotinval:
      if (func <= GVMA && isClear(words, RESERVED.iotinval)) iotinval(out, row, words, func);
      break;
    case OPCODE.iofence:
      if (func === 0 && isClear(words, RESERVED.iofence)) out.kind[row] = KIND.barrier;
      break;
    case OPCODE.iodir:
      if (func <= PDT && isClear(words, RESERVED.iodir)) iodir(out, row, words, func);
      break;
    case OPCODE.ats:
      if (func === ATS_INVAL && isClear(words, RESERVED.ats)) atsInval(out, row, words);
      break;
    default:
  }
}

/** AV one page, PSCV a process's address space, GV a guest's. */
function iotinval(out: EventBuilder, row: number, words: Words128, func: number): void {
  const { q0lo, q0hi, q1lo, q1hi } = words;
  const hasProcess = (q0hi & 1) !== 0;
  const hasAddress = (q0lo & 0x400) !== 0;
  // A guest's own translations name no process. The address is dword1[61:10].
  if ((func === GVMA && hasProcess) || (hasAddress && (q1lo & 0x3ff) !== 0)) return;
  out.kind[row] = KIND.iotlb;
  if ((q0hi & 2) !== 0) setDomain(out, row, (q0hi >>> 12) & 0xffff);
  if (func === VMA && hasProcess) setPasid(out, row, q0lo >>> 12);
  if (hasAddress) setRange(out, row, (q1hi & 0x3fff_ffff) * 2 ** 22 + (q1lo >>> 10), 1);
}

function iodir(out: EventBuilder, row: number, { q0lo, q0hi }: Words128, func: number): void {
  out.kind[row] = func === DDT ? KIND.contextCache : KIND.pasidCache;
  if ((q0hi & 2) !== 0) setSource(out, row, q0hi >>> 8);
  if (func === PDT) setPasid(out, row, q0lo >>> 12);
}

/** The second word is PCIe's: an address, S in bit 11, global in bit 0. */
function atsInval(out: EventBuilder, row: number, words: Words128): void {
  const { q0lo, q0hi, q1lo, q1hi } = words;
  out.kind[row] = KIND.deviceTlb;
  setSource(out, row, (q0hi >>> 8) & 0xffff);
  if ((q0hi & 1) !== 0) setPasid(out, row, q0lo >>> 12);
  if ((q1lo & 1) !== 0) out.flags[row] |= FLAG.global;
  setTrailingOnesRange(out, row, pageOf(q1lo, q1hi), (q1lo & 0x800) !== 0);
}
