// Puts the lines of each thread back in the order of its calls: a thread moves between CPUs, whose buffers
// are read one after another, and a long call comes in many lines. Memory is what the lines bring.

import { FIRST_BYTES, LINE_BYTES, READ_BYTES } from './shape.ts';
import { readableBytes, type Call, type VmmRows } from './rows.ts';

/**
 * So many later calls of a thread may overtake one before it is given up: bpftrace reads a CPU's buffer to its
 * end before the next one's, so a thread that moved is overtaken by all that the buffer held. About 700
 * bytes each.
 */
const OVERTAKEN_LIMIT = 131_072;

interface Pending {
  call: Call | undefined;
  /** What each line brought, by its offset in the call's entries. */
  readonly pieces: Map<number, Uint8Array>;
}

interface Thread {
  next: number;
  readonly pending: Map<number, Pending>;
}

export class VmmCalls {
  readonly #rows: VmmRows;
  readonly #threads = new Map<number, Thread>();

  constructor(rows: VmmRows) {
    this.#rows = rows;
  }

  /** Call `number` of its thread, counted from 1, with its first bytes. */
  call(number: number, call: Call, first: Uint8Array): void {
    const pending = this.#pending(call.tid, number);
    if (pending === undefined) return;
    pending.call = call;
    pending.pieces.set(0, first);
    this.#settle(call.tid);
  }

  /** Further bytes of a call. */
  piece(tid: number, number: number, offset: number, bytes: Uint8Array): void {
    const pending = this.#pending(tid, number);
    if (pending === undefined) return;
    pending.pieces.set(offset, bytes);
    this.#settle(tid);
  }

  /** Nothing more comes: what is there of each thread goes out. */
  end(): void {
    for (const { pending } of this.#threads.values()) {
      for (const number of [...pending.keys()].sort((a, b) => a - b)) {
        this.#emit(pending.get(number));
      }
      pending.clear();
    }
  }

  /** Undefined for a call that was given up already. */
  #pending(tid: number, number: number): Pending | undefined {
    let thread = this.#threads.get(tid);
    if (thread === undefined) {
      thread = { next: 1, pending: new Map() };
      this.#threads.set(tid, thread);
    }
    if (number < thread.next) return undefined;
    let pending = thread.pending.get(number);
    if (pending === undefined) {
      pending = { call: undefined, pieces: new Map() };
      thread.pending.set(number, pending);
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
      this.#emit(pending);
      thread.pending.delete(thread.next);
      thread.next = isWhole ? thread.next + 1 : least(thread.pending.keys());
    }
  }

  #emit(pending: Pending | undefined): void {
    if (pending?.call !== undefined) this.#rows.add(pending.call, payloadOf(pending.call, pending));
  }
}

function least(numbers: Iterable<number>): number {
  let found = Number.POSITIVE_INFINITY;
  for (const number of numbers) found = Math.min(found, number);
  return found;
}

function isComplete({ call, pieces }: Pending): boolean {
  if (call === undefined) return false;
  return pieces.size >= 1 + Math.ceil((readableBytes(call, READ_BYTES) - FIRST_BYTES) / LINE_BYTES);
}

/** The call's entries up to the first that is missing. */
function payloadOf(call: Call, { pieces }: Pending): Uint8Array {
  const wanted = readableBytes(call, READ_BYTES);
  const first = pieces.get(0) ?? new Uint8Array(0);
  if (wanted <= first.length) return first.subarray(0, wanted);
  const parts = [first];
  let bytes = first.length;
  for (let piece = pieces.get(bytes); piece !== undefined && bytes < wanted;) {
    parts.push(piece);
    bytes += piece.length;
    piece = pieces.get(bytes);
  }
  return Buffer.concat(parts, Math.min(bytes, wanted));
}
