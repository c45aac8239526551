// The ioctls of a VMM as rows: each entry of a call one row at the call's begin, then one barrier at its
// return, which is when the VMM knows. Owns no text and no order: calls come whole, one after another.

import { decodeSmmuv3 } from '../../decoders/smmuv3.ts';
import { pageOf, setDomain, setRange, type Words128 } from '../../decoders/columns.ts';
import {
  ALL_PAGES,
  FLAG,
  KIND,
  RAW_BYTES,
  type EventBuilder,
  type LossLog,
} from '../../model/index.ts';
import type { SourceFacts } from '../source.ts';

/** IOMMU_HWPT_INVALIDATE data types and what an entry of theirs takes (spec 2.7). */
const VTD_S1 = { type: 0, bytes: 24 } as const;
const SMMUV3 = { type: 1, bytes: 16 } as const;
const LEAF = 1;
const PAGE_BYTES = 4096;
const HIGH_WORD = 2 ** 32;

export const UNMAP_BYTES = 16;

export interface Call {
  readonly kind: 'invalidate' | 'unmap';
  readonly tid: number;
  /** ns from the tap's start. */
  readonly enterNs: number;
  /** HWPT, vIOMMU or IOAS; undefined for VFIO type1. */
  readonly object: number | undefined;
  readonly dataType: number;
  readonly entryBytes: number;
  readonly entries: number;
  readonly exit:
    | {
        readonly ns: number;
        /** Return value, 64 bits in halves. */
        readonly low: number;
        readonly high: number;
        readonly done: number;
      }
    | undefined;
}

/** Bytes of entries that a call has and that the tap reads, of which it reads at most `limit`. */
export function readableBytes(call: Call, limit: number): number {
  const entries = Math.min(call.entries, Math.floor(limit / Math.max(1, call.entryBytes)));
  return entries * call.entryBytes;
}

export class VmmRows {
  firstRow = Number.NaN;
  /** Rows that came of calls, to be reconciled with the kernel's own count. */
  entryRows = 0;
  barrierRows = 0;
  /** Entries whose memory was not there to be read. */
  unreadable = 0;
  readonly #out: EventBuilder;
  readonly #losses: LossLog;
  readonly #streams = new Map<number, number>();
  readonly #words: Words128 = { q0lo: 0, q0hi: 0, q1lo: 0, q1hi: 0 };

  constructor(out: EventBuilder, losses: LossLog) {
    this.#out = out;
    this.#losses = losses;
  }

  /**
   * The rows of one call. `payload` is its entries as far as they were read. What is missing is not counted
   * here: the kernel's own count tells it at the end.
   */
  add(call: Call, payload: Uint8Array): void {
    const stream = this.#stream(call.tid);
    const { entryBytes } = call;
    const whole = entryBytes === 0 ? 0 : Math.floor(payload.length / entryBytes);
    for (let i = 0; i < Math.min(call.entries, whole); i++) {
      this.#entry(stream, call, payload.subarray(i * entryBytes, (i + 1) * entryBytes));
    }
    if (call.exit !== undefined) this.#barrier(stream, call, call.exit);
  }

  /** What every tap tells of its recording. */
  facts(): Pick<SourceFacts, 'barriers' | 'barrierRule' | 'streams' | 'iommu'> {
    return {
      barriers: 'seen',
      barrierRule:
        'a barrier is the return of an ioctl; its words: return value, entries done and asked, ns in the call',
      streams: [...this.#streams].map(([tid, id]) => ({ id, name: `thread ${tid}` })),
      iommu: 'as the VMM uses it (iommufd, VFIO)',
    };
  }

  #stream(tid: number): number {
    const known = this.#streams.get(tid);
    if (known !== undefined) return known;
    const fresh = this.#streams.size;
    this.#streams.set(tid, fresh);
    return fresh;
  }

  #entry(stream: number, call: Call, bytes: Uint8Array): void {
    const isVtd = call.dataType === VTD_S1.type && bytes.length === VTD_S1.bytes;
    const isSmmu = call.dataType === SMMUV3.type && bytes.length === SMMUV3.bytes;
    // All zero is no VT-d entry (no pages) and no SMMUv3 command (no opcode): memory that was not there.
    if ((isVtd || isSmmu) && call.kind === 'invalidate' && bytes.every((byte) => byte === 0)) {
      this.unreadable++;
      return;
    }
    const out = this.#out;
    const row = this.#row(call.enterNs, stream);
    this.entryRows++;
    out.raw.set(bytes.subarray(0, RAW_BYTES), row * RAW_BYTES);
    out.rawLen[row] = Math.min(bytes.length, RAW_BYTES);
    if (call.kind === 'unmap') {
      out.kind[row] = KIND.unmap;
      this.#unmapRange(row);
    } else if (isVtd) {
      this.#vtd(row);
    } else if (isSmmu) {
      decodeSmmuv3(out, row, this.#words128(row));
      return; // the command names its own domain (VMID); the object is the whole vIOMMU
    } else {
      out.kind[row] = KIND.other;
    }
    if (call.object !== undefined) setDomain(out, row, call.object);
  }

  #vtd(row: number): void {
    const out = this.#out;
    out.kind[row] = KIND.iotlb;
    if ((out.raw[row * RAW_BYTES + UNMAP_BYTES] & LEAF) !== 0) out.flags[row] = FLAG.leaf;
    const { q0lo, q0hi, q1lo, q1hi } = this.#words128(row);
    if (isAllOnes(q1lo, q1hi)) return;
    setRange(out, row, pageOf(q0lo, q0hi), q1hi * HIGH_WORD + q1lo);
  }

  #unmapRange(row: number): void {
    const { q0lo, q0hi, q1lo, q1hi } = this.#words128(row);
    const pages = isAllOnes(q1lo, q1hi)
      ? ALL_PAGES
      : Math.ceil((q1hi * HIGH_WORD + q1lo) / PAGE_BYTES);
    setRange(this.#out, row, pageOf(q0lo, q0hi), pages);
  }

  /** The row's first two words. */
  #words128(row: number): Words128 {
    const words = this.#words;
    const view = this.#view(row);
    words.q0lo = view.getUint32(0, true);
    words.q0hi = view.getUint32(4, true);
    words.q1lo = view.getUint32(8, true);
    words.q1hi = view.getUint32(12, true);
    return words;
  }

  /** A barrier's words: return value, entries done and asked, ns in the call. */
  #barrier(stream: number, call: Call, exit: NonNullable<Call['exit']>): void {
    const out = this.#out;
    const row = this.#row(exit.ns, stream);
    this.barrierRows++;
    out.kind[row] = KIND.barrier;
    const view = this.#view(row);
    view.setUint32(0, exit.low, true);
    view.setUint32(4, exit.high, true);
    view.setUint32(8, exit.done, true);
    view.setUint32(12, call.entries, true);
    const spent = Math.max(0, exit.ns - call.enterNs);
    view.setUint32(16, spent % HIGH_WORD, true);
    view.setUint32(20, spent / HIGH_WORD, true);
    out.rawLen[row] = BARRIER_BYTES;
  }

  #view(row: number): DataView {
    const { raw } = this.#out;
    return new DataView(raw.buffer, raw.byteOffset + row * RAW_BYTES, RAW_BYTES);
  }

  #row(ns: number, stream: number): number {
    if (Number.isNaN(this.firstRow)) this.firstRow = ns;
    this.#losses.seen++;
    return this.#out.next(ns - this.firstRow, stream);
  }
}

const BARRIER_BYTES = 24;

function isAllOnes(low: number, high: number): boolean {
  return low === 0xffff_ffff && high === 0xffff_ffff;
}
