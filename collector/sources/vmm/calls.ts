// The ioctls of a VMM as rows: each entry of a call one row at the call's entry, then one barrier at its
// return, which is when the VMM knows. Puts the lines of each thread back in order; owns no text.

import { decodeSmmuv3 } from '../../decoders/smmuv3.ts';
import { setDomain, setRange } from '../../decoders/columns.ts';
import {
  ALL_PAGES,
  FLAG,
  KIND,
  RAW_BYTES,
  type EventBuilder,
  type LossLog,
  type TraceHeader,
} from '../../model/index.ts';

/** IOMMU_HWPT_INVALIDATE data types and what an entry of theirs takes (spec 2.7). */
const VTD_S1 = { type: 0, bytes: 24 } as const;
const SMMUV3 = { type: 1, bytes: 16 } as const;
const WORD_BYTES = 8;
const LEAF = 1;
const U64_MAX = 0xffff_ffff_ffff_ffffn;
/** So many later calls of a thread may overtake one before it is given up. */
const OVERTAKEN_LIMIT = 256;

export interface Call {
  readonly enterNs: number;
  /** HWPT, vIOMMU or IOAS; undefined for VFIO type1. */
  readonly object: number | undefined;
  readonly kind: 'invalidate' | 'unmap';
  readonly dataType: number;
  readonly entryBytes: number;
  readonly entries: number;
  /** Words of the entries as far as they were read; BigInt because they are 64-bit at the edge. */
  readonly words: (bigint | undefined)[];
}

interface Pending {
  call: Call | undefined;
  /** Words that came before their call did. */
  readonly early: (bigint | undefined)[];
  exit: { readonly ns: number; readonly result: bigint; readonly done: number } | undefined;
}

interface Thread {
  readonly stream: number;
  readonly tid: number;
  next: number;
  readonly pending: Map<number, Pending>;
}

export class VmmCalls {
  firstRow = Number.NaN;
  /** Rows that came of calls, to be reconciled with the kernel's own count. */
  entryRows = 0;
  barrierRows = 0;
  readonly #out: EventBuilder;
  readonly #losses: LossLog;
  readonly #threads = new Map<number, Thread>();

  constructor(out: EventBuilder, losses: LossLog) {
    this.#out = out;
    this.#losses = losses;
  }

  enter(tid: number, number: number, call: Call): void {
    const pending = this.#pending(tid, number);
    pending.early.forEach((word, i) => (call.words[i] = word));
    pending.call = call;
    this.#settle(tid);
  }

  words(tid: number, number: number, first: number, words: readonly bigint[]): void {
    const pending = this.#pending(tid, number);
    const into = pending.call?.words ?? pending.early;
    words.forEach((word, i) => (into[first + i] = word));
    this.#settle(tid);
  }

  exit(tid: number, number: number, exit: NonNullable<Pending['exit']>): void {
    this.#pending(tid, number).exit = exit;
    this.#settle(tid);
  }

  /** Nothing more comes: what is there of each thread goes out. */
  end(): void {
    for (const thread of this.#threads.values()) {
      for (const number of [...thread.pending.keys()].sort((a, b) => a - b)) {
        this.#emit(thread, thread.pending.get(number));
      }
      thread.pending.clear();
    }
  }

  streams(): TraceHeader['streams'] {
    return [...this.#threads.values()].map(({ stream, tid }) => ({
      id: stream,
      name: `thread ${tid}`,
    }));
  }

  #pending(tid: number, number: number): Pending {
    let thread = this.#threads.get(tid);
    if (thread === undefined) {
      thread = { stream: this.#threads.size, tid, next: number, pending: new Map() };
      this.#threads.set(tid, thread);
    }
    let pending = thread.pending.get(number);
    if (pending === undefined) {
      pending = { call: undefined, early: [], exit: undefined };
      thread.pending.set(number, pending);
      thread.next = Math.min(thread.next, number);
    }
    return pending;
  }

  /** Emits the thread's next calls as far as they are whole. */
  #settle(tid: number): void {
    const thread = this.#threads.get(tid);
    if (thread === undefined) return;
    for (;;) {
      const pending = thread.pending.get(thread.next);
      const isWhole = pending !== undefined && isComplete(pending);
      if (!isWhole && thread.pending.size <= OVERTAKEN_LIMIT) return;
      this.#emit(thread, pending);
      thread.pending.delete(thread.next);
      thread.next++;
    }
  }

  /** What is missing of a call is not counted here: the kernel's own count tells it at the end. */
  #emit(thread: Thread, pending: Pending | undefined): void {
    const call = pending?.call;
    if (call === undefined) return;
    if (call.kind === 'unmap') this.#unmap(thread.stream, call);
    else this.#entries(thread.stream, call);
    if (pending?.exit !== undefined) this.#barrier(thread.stream, call, pending.exit);
  }

  #entries(stream: number, call: Call): void {
    const perEntry = Math.ceil(call.entryBytes / WORD_BYTES);
    for (let i = 0; i < call.entries; i++) {
      const words = call.words.slice(i * perEntry, (i + 1) * perEntry);
      if (words.length < perEntry || words.includes(undefined)) return;
      this.#entry(stream, call, words as bigint[]); // no undefined: just checked
    }
  }

  #entry(stream: number, call: Call, words: readonly bigint[]): void {
    const out = this.#out;
    const row = this.#row(call.enterNs, stream);
    this.entryRows++;
    putRaw(out, row, words, call.entryBytes);
    if (call.dataType === VTD_S1.type && call.entryBytes === VTD_S1.bytes) {
      out.kind[row] = KIND.iotlb;
      if ((Number(words[2] & 0xffff_ffffn) & LEAF) !== 0) out.flags[row] = FLAG.leaf;
      if (words[1] !== U64_MAX) setRange(out, row, Number(words[0] >> 12n), Number(words[1]));
    } else if (call.dataType === SMMUV3.type && call.entryBytes === SMMUV3.bytes) {
      decodeSmmuv3(out, row, halves(words));
      return; // the command names its own domain (VMID); the object is the whole vIOMMU
    } else {
      out.kind[row] = KIND.other;
    }
    if (call.object !== undefined) setDomain(out, row, call.object);
  }

  #unmap(stream: number, call: Call): void {
    const [iova, length] = call.words;
    if (iova === undefined || length === undefined) return;
    const out = this.#out;
    const row = this.#row(call.enterNs, stream);
    this.entryRows++;
    out.kind[row] = KIND.unmap;
    putRaw(out, row, [iova, length], 2 * WORD_BYTES);
    if (call.object !== undefined) setDomain(out, row, call.object);
    const pages = length === U64_MAX ? ALL_PAGES : Math.ceil(Number(length) / 4096);
    setRange(out, row, Number(iova >> 12n), pages);
  }

  /** A barrier's words: return value, entries done and asked, ns in the call. */
  #barrier(stream: number, call: Call, exit: NonNullable<Pending['exit']>): void {
    const out = this.#out;
    const row = this.#row(exit.ns, stream);
    this.barrierRows++;
    out.kind[row] = KIND.barrier;
    const counts = BigInt(exit.done) | (BigInt(call.entries) << 32n);
    const words = [exit.result, counts, BigInt(Math.max(0, exit.ns - call.enterNs))];
    putRaw(out, row, words, words.length * WORD_BYTES);
  }

  #row(ns: number, stream: number): number {
    if (Number.isNaN(this.firstRow)) this.firstRow = ns;
    this.#losses.seen++;
    return this.#out.next(ns - this.firstRow, stream);
  }
}

function isComplete({ call, exit }: Pending): boolean {
  if (call === undefined || exit === undefined) return false;
  const wanted = call.kind === 'unmap' ? 2 : readableWords(call);
  for (let i = 0; i < wanted; i++) if (call.words[i] === undefined) return false;
  return true;
}

/** Words that the tap prints in lines of so many, at most so many lines. */
export const TAP = { wordsPerLine: 12, lines: 64 } as const;

/** Words that the tap reads of a call; longer arrays are cut, and what is cut is counted. */
function readableWords(call: Call): number {
  const words = Math.ceil((call.entries * call.entryBytes) / WORD_BYTES);
  return Math.min(words, TAP.wordsPerLine * TAP.lines);
}

function putRaw(out: EventBuilder, row: number, words: readonly bigint[], bytes: number): void {
  const view = new DataView(out.raw.buffer, out.raw.byteOffset + row * RAW_BYTES, RAW_BYTES);
  const count = Math.min(words.length, RAW_BYTES / WORD_BYTES);
  for (let i = 0; i < count; i++)
    view.setBigUint64(i * WORD_BYTES, BigInt.asUintN(64, words[i]), true);
  out.rawLen[row] = Math.min(bytes, RAW_BYTES);
}

function halves(words: readonly bigint[]): {
  q0lo: number;
  q0hi: number;
  q1lo: number;
  q1hi: number;
} {
  const half = (word: bigint, shift: bigint): number => Number((word >> shift) & 0xffff_ffffn);
  return {
    q0lo: half(words[0], 0n),
    q0hi: half(words[0], 32n),
    q1lo: half(words[1], 0n),
    q1hi: half(words[1], 32n),
  };
}
