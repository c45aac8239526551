// The ioctls of a VMM as rows: each entry of a call one row at the call's begin, then one barrier at its
// return, which is when the VMM knows. Owns no text and no order: what comes first is first.
// A stream is what the VMM keeps in order: a file descriptor and, where entries show one, a vIOMMU (design 10).

import { decodeSmmuv3 } from '../../decoders/smmuv3.ts';
import { pageOf, setDomain, setRange, setWaiter, type Words128 } from '../../decoders/columns.ts';
import {
  ALL_PAGES,
  FLAG,
  KIND,
  RAW_BYTES,
  WaiterTable,
  type EventBuilder,
  type Family,
  type LossLog,
} from '../../model/index.ts';
import type { SourceFacts } from '../source.ts';

/** IOMMU_HWPT_INVALIDATE data types and what an entry of theirs takes (spec 2.7). */
const VTD_S1 = { type: 0, bytes: 24 } as const;
const SMMUV3 = { type: 1, bytes: 16 } as const;
const LEAF = 1;
const PAGE_BYTES = 4096;
const HIGH_WORD = 2 ** 32;
const BARRIER_BYTES = 24;
const SECOND_WORD_PAIR = 16;

/** Bytes of an unmap's payload: address and length. */
export const UNMAP_BYTES = 16;

/** Where a call was made, and on what. */
export interface CallPlace {
  readonly process: number;
  readonly thread: number;
  /** Undefined where the source does not show it: then each thread is a stream. */
  readonly fd: number | undefined;
  /** HWPT, vIOMMU or IOAS; 0 for VFIO type1, or where the source does not show it. */
  readonly object: number;
  readonly dataType: number;
  /** Unmaps name an IOAS, never a vIOMMU. */
  readonly isUnmap: boolean;
}

/** A piece of memory, which is not kept. */
export interface Payload {
  readonly bytes: Uint8Array;
  readonly at: number;
  readonly length: number;
}

export interface Returned {
  /** Return value, 64 bits in halves. */
  readonly low: number;
  readonly high: number;
  readonly done: number;
  readonly asked: number;
  readonly spentNs: number;
}

export class VmmRows {
  firstRow = Number.NaN;
  /** Rows so far, to be reconciled with the kernel's own count. */
  entryRows = 0;
  barrierRows = 0;
  /** Entries whose memory was not there to be read. */
  unreadable = 0;
  readonly #out: EventBuilder;
  readonly #losses: LossLog;
  /** Streams by what they are keyed by, and what is known of them by number. */
  readonly #streams = new Map<number, Map<number, number>>();
  readonly #opened: { readonly name: string; readonly family: Family }[] = [];
  readonly #waiters = new WaiterTable('thread', 'thread');
  #last = { outer: -1, inner: -1, stream: -1 };
  readonly #words: Words128 = { q0lo: 0, q0hi: 0, q1lo: 0, q1hi: 0 };

  constructor(out: EventBuilder, losses: LossLog) {
    this.#out = out;
    this.#losses = losses;
  }

  /** One entry of an IOMMU_HWPT_INVALIDATE that began at `ns`. */
  entry(place: CallPlace, ns: number, payload: Payload): void {
    const isVtd = place.dataType === VTD_S1.type && payload.length === VTD_S1.bytes;
    const isSmmu = place.dataType === SMMUV3.type && payload.length === SMMUV3.bytes;
    // All zero is no VT-d entry (no pages) and no SMMUv3 command (no opcode): memory that was not there.
    if ((isVtd || isSmmu) && isZero(payload)) {
      this.unreadable++;
      return;
    }
    const row = this.#entryRow(place, ns, payload);
    if (isSmmu) {
      decodeSmmuv3(this.#out, row, this.#words128(row));
      return; // the command names its own domain (VMID); the object is the whole vIOMMU
    }
    if (isVtd) this.#vtd(row);
    else this.#out.kind[row] = KIND.other;
    if (place.object !== 0) setDomain(this.#out, row, place.object);
  }

  /** An unmap that began at `ns`; the payload is address and length. */
  unmap(place: CallPlace, ns: number, payload: Payload): void {
    this.#range(KIND.unmap, place, ns, payload);
  }

  /** A map that returned at `ns`: its range is valid from then on. No request. */
  map(place: CallPlace, ns: number, payload: Payload): void {
    this.#range(KIND.map, place, ns, payload);
  }

  #range(kind: number, place: CallPlace, ns: number, payload: Payload): void {
    const row = this.#entryRow(place, ns, payload);
    this.#out.kind[row] = kind;
    const { q0lo, q0hi, q1lo, q1hi } = this.#words128(row);
    const pages = isAllOnes(q1lo, q1hi)
      ? ALL_PAGES
      : Math.ceil((q1hi * HIGH_WORD + q1lo) / PAGE_BYTES);
    setRange(this.#out, row, pageOf(q0lo, q0hi), pages);
    if (place.object !== 0) setDomain(this.#out, row, place.object);
  }

  /** A call returned at `ns`. A barrier's words: return value, entries done and asked, ns in the call. */
  returned(place: CallPlace, ns: number, { low, high, done, asked, spentNs }: Returned): void {
    const out = this.#out;
    const row = this.#row(place, ns);
    this.barrierRows++;
    out.kind[row] = KIND.barrier;
    const view = this.#view(row);
    view.setUint32(0, low, true);
    view.setUint32(4, high, true);
    view.setUint32(8, done, true);
    view.setUint32(12, asked, true);
    const spent = Math.max(0, spentNs);
    view.setUint32(16, spent % HIGH_WORD, true);
    view.setUint32(20, spent / HIGH_WORD, true);
    out.rawLen[row] = BARRIER_BYTES;
  }

  /** What every tap tells of its recording. */
  facts(): Pick<
    SourceFacts,
    'barriers' | 'barrierRule' | 'arrivals' | 'streams' | 'viommus' | 'waiters'
  > {
    return {
      barriers: 'seen',
      barrierRule:
        'a barrier is the return of an ioctl; its words: return value, entries done and asked, ns in the call',
      arrivals: 'after-lock',
      streams: this.#opened.map(({ name }, index) => ({
        index,
        vm: 0,
        viommu: index,
        queue: 0,
        name,
      })),
      viommus: this.#opened.map(({ family }, index) => ({
        index,
        vm: 0,
        family,
        name: 'as the VMM uses it (iommufd, VFIO)',
      })),
      waiters: [...this.#waiters.list()],
    };
  }

  #entryRow(place: CallPlace, ns: number, { bytes, at, length }: Payload): number {
    const out = this.#out;
    const row = this.#row(place, ns);
    this.entryRows++;
    const kept = Math.min(length, RAW_BYTES);
    const base = row * RAW_BYTES;
    for (let i = 0; i < kept; i++) out.raw[base + i] = bytes[at + i];
    out.rawLen[row] = kept;
    return row;
  }

  #vtd(row: number): void {
    const out = this.#out;
    out.kind[row] = KIND.iotlb;
    if ((out.raw[row * RAW_BYTES + SECOND_WORD_PAIR] & LEAF) !== 0) out.flags[row] = FLAG.leaf;
    const { q0lo, q0hi, q1lo, q1hi } = this.#words128(row);
    if (isAllOnes(q1lo, q1hi)) return;
    setRange(out, row, pageOf(q0lo, q0hi), q1hi * HIGH_WORD + q1lo);
  }

  /** The row's first two words. */
  #words128(row: number): Words128 {
    const { raw } = this.#out;
    const words = this.#words;
    const at = row * RAW_BYTES;
    words.q0lo = word32(raw, at);
    words.q0hi = word32(raw, at + 4);
    words.q1lo = word32(raw, at + 8);
    words.q1hi = word32(raw, at + 12);
    return words;
  }

  #view(row: number): DataView {
    const { raw } = this.#out;
    return new DataView(raw.buffer, raw.byteOffset + row * RAW_BYTES, RAW_BYTES);
  }

  #row(place: CallPlace, ns: number): number {
    if (Number.isNaN(this.firstRow)) this.firstRow = ns;
    this.#losses.seen++;
    const row = this.#out.next(ns - this.firstRow, this.#stream(place));
    const waiter = this.#waiters.indexOf(place.thread);
    if (waiter >= 0) setWaiter(this.#out, row, waiter);
    return row;
  }

  #stream(place: CallPlace): number {
    const { process, thread, fd, object } = place;
    const isVirtual = place.dataType === SMMUV3.type && !place.isUnmap && fd !== undefined;
    const outer = fd === undefined ? thread : process * HIGH_WORD + fd;
    const inner = isVirtual ? object : -1;
    const last = this.#last;
    if (last.outer === outer && last.inner === inner) return last.stream;
    let inside = this.#streams.get(outer);
    if (inside === undefined) {
      inside = new Map();
      this.#streams.set(outer, inside);
    }
    let stream = inside.get(inner);
    if (stream === undefined) {
      stream = this.#opened.length;
      inside.set(inner, stream);
      const queue = isVirtual ? ` vIOMMU ${object}` : '';
      this.#opened.push({
        name: fd === undefined ? `thread ${thread}` : `process ${process} fd ${fd}${queue}`,
        family: isVirtual ? 'smmuv3' : 'unknown',
      });
    }
    this.#last = { outer, inner, stream };
    return stream;
  }
}

function isZero({ bytes, at, length }: Payload): boolean {
  for (let i = at; i < at + length; i++) if (bytes[i] !== 0) return false;
  return true;
}

function word32(bytes: Uint8Array, at: number): number {
  return (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0;
}

function isAllOnes(low: number, high: number): boolean {
  return low === 0xffff_ffff && high === 0xffff_ffff;
}
