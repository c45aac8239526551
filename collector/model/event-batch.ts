// A stretch of a recording in memory: one typed array a column, no object a row.
// Pages and ns are doubles (exact below 2^53); optional columns are valid where `present` says so.

import { RAW_BYTES } from './vocabulary.ts';

/** Rows `firstSeq … firstSeq + count - 1` in capture order. Arrays may be longer than `count`. */
export interface EventBatch {
  readonly firstSeq: number;
  readonly count: number;
  /** Offset from the recording's start on its own clock, ns. Not always ascending. */
  readonly tNs: Float64Array;
  /** Ordered queue the row came through. */
  readonly stream: Uint16Array;
  /** Index into KINDS. */
  readonly kind: Uint8Array;
  /** SCOPE bits. */
  readonly scope: Uint8Array;
  /** FLAG bits. */
  readonly flags: Uint16Array;
  /** PRESENT bits: which of the optional columns below hold a value. */
  readonly present: Uint8Array;
  readonly domainId: Uint32Array;
  readonly pasid: Uint32Array;
  readonly sourceId: Uint32Array;
  /** First 4 KiB page of the range. */
  readonly page: Float64Array;
  /** Length of the range in 4 KiB pages; ALL_PAGES is the whole address space. */
  readonly pages: Float64Array;
  /** RAW_BYTES a row: the words as the guest wrote them, little-endian. */
  readonly raw: Uint8Array;
  /** Valid bytes of `raw`; 0 where the source shows no words. */
  readonly rawLen: Uint8Array;
  /** Doorbell (tail write) that made the row visible, counted from 1; 0 where the source shows none. */
  readonly submission: Uint32Array;
  readonly cpu: Int16Array;
}

/** Rows `from … to - 1` of `batch`, not copied. */
export function sliceRows(batch: EventBatch, from: number, to: number): EventBatch {
  const cut = <T extends { subarray(from: number, to: number): T }>(column: T, width = 1): T =>
    column.subarray(from * width, to * width);
  return {
    firstSeq: batch.firstSeq + from,
    count: to - from,
    tNs: cut(batch.tNs),
    stream: cut(batch.stream),
    kind: cut(batch.kind),
    scope: cut(batch.scope),
    flags: cut(batch.flags),
    present: cut(batch.present),
    domainId: cut(batch.domainId),
    pasid: cut(batch.pasid),
    sourceId: cut(batch.sourceId),
    page: cut(batch.page),
    pages: cut(batch.pages),
    raw: cut(batch.raw, RAW_BYTES),
    rawLen: cut(batch.rawLen),
    submission: cut(batch.submission),
    cpu: cut(batch.cpu),
  };
}

const FIRST_CAPACITY = 8192;

/**
 * Grows a batch row by row. A decoder calls `next`, then sets the columns of the returned row;
 * optional columns count only where it also sets their PRESENT bit.
 */
export class EventBuilder implements EventBatch {
  firstSeq = 0;
  count = 0;
  tNs!: Float64Array;
  stream!: Uint16Array;
  kind!: Uint8Array;
  scope!: Uint8Array;
  flags!: Uint16Array;
  present!: Uint8Array;
  domainId!: Uint32Array;
  pasid!: Uint32Array;
  sourceId!: Uint32Array;
  page!: Float64Array;
  pages!: Float64Array;
  raw!: Uint8Array;
  rawLen!: Uint8Array;
  submission!: Uint32Array;
  cpu!: Int16Array;
  #capacity = 0;

  constructor(capacity = FIRST_CAPACITY) {
    this.#allocate(capacity);
  }

  /** A new row, every column zero but its time and stream. Returns its index. */
  next(tNs: number, stream: number): number {
    if (this.count === this.#capacity) this.#allocate(this.#capacity * 2);
    const row = this.count++;
    this.tNs[row] = tNs;
    this.stream[row] = stream;
    this.scope[row] = 0;
    this.flags[row] = 0;
    this.present[row] = 0;
    this.rawLen[row] = 0;
    this.submission[row] = 0;
    return row;
  }

  /** Forgets the rows; the next row's sequence number goes on where they ended. */
  clear(): void {
    this.firstSeq += this.count;
    this.count = 0;
  }

  #allocate(capacity: number): void {
    const grow = <T extends { set(from: T): void }>(old: T | undefined, fresh: T): T => {
      if (old !== undefined) fresh.set(old);
      return fresh;
    };
    this.tNs = grow(this.tNs, new Float64Array(capacity));
    this.stream = grow(this.stream, new Uint16Array(capacity));
    this.kind = grow(this.kind, new Uint8Array(capacity));
    this.scope = grow(this.scope, new Uint8Array(capacity));
    this.flags = grow(this.flags, new Uint16Array(capacity));
    this.present = grow(this.present, new Uint8Array(capacity));
    this.domainId = grow(this.domainId, new Uint32Array(capacity));
    this.pasid = grow(this.pasid, new Uint32Array(capacity));
    this.sourceId = grow(this.sourceId, new Uint32Array(capacity));
    this.page = grow(this.page, new Float64Array(capacity));
    this.pages = grow(this.pages, new Float64Array(capacity));
    this.raw = grow(this.raw, new Uint8Array(capacity * RAW_BYTES));
    this.rawLen = grow(this.rawLen, new Uint8Array(capacity));
    this.submission = grow(this.submission, new Uint32Array(capacity));
    this.cpu = grow(this.cpu, new Int16Array(capacity));
    this.#capacity = capacity;
  }
}
