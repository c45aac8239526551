// The columns of a batch -> EventBatch. Views where the memory layout is the same, one loop where it is not.
// `seq` is never read: it follows from the batch's place.

import { ALL_PAGES, KINDS, PRESENT, type EventBatch } from '../model/index.ts';
import type { BatchColumns } from './batch-columns.ts';
import { COLUMN_NAMES } from './schema.ts';

const columnIndex = (name: string): number => COLUMN_NAMES.indexOf(name);

const AT = {
  time: columnIndex('t_ns'),
  stream: columnIndex('stream'),
  kind: columnIndex('kind'),
  scope: columnIndex('scope'),
  flags: columnIndex('flags'),
  domainId: columnIndex('domain_id'),
  pasid: columnIndex('pasid'),
  sourceId: columnIndex('source_id'),
  addr: columnIndex('addr'),
  size: columnIndex('size'),
  raw: columnIndex('raw'),
  rawLen: columnIndex('raw_len'),
  submission: columnIndex('submission'),
  cpu: columnIndex('cpu'),
} as const;

const NO_WORDS = new Uint8Array(0);

interface Numbers<T> {
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): T;
  readonly BYTES_PER_ELEMENT: number;
}

/** A view of `bytes` as numbers: buffers start on borders of 8 bytes. */
function numbers<T>(type: Numbers<T>, bytes: Uint8Array): T {
  return new type(bytes.buffer, bytes.byteOffset, bytes.byteLength / type.BYTES_PER_ELEMENT);
}

function addPresence(present: Uint8Array, columns: BatchColumns, at: number, bit: number): void {
  const { rows } = columns;
  if (columns.nulls(at) === 0) {
    for (let i = 0; i < rows; i++) present[i] |= bit;
    return;
  }
  const bitmap = columns.bitmap(at);
  for (let i = 0; i < rows; i++) if ((bitmap[i >> 3] >> (i & 7)) & 1) present[i] |= bit;
}

/** 64-bit bytes -> 4 KiB pages, rounding down. */
function pagesOf(words: Int32Array, i: number): number {
  return (words[2 * i + 1] >>> 0) * 0x10_0000 + (words[2 * i] >>> 12);
}

/**
 * The rows as columns in memory, without `raw` where `words` is false; undefined where they hold what this
 * version does not know.
 */
export function fromColumns(
  columns: BatchColumns,
  firstSeq: number,
  words: boolean,
): EventBatch | undefined {
  const { rows } = columns;
  const kind = columns.values(AT.kind);
  for (let i = 0; i < rows; i++) if (kind[i] >= KINDS.length) return undefined;
  const present = new Uint8Array(rows);
  addPresence(present, columns, AT.domainId, PRESENT.domainId);
  addPresence(present, columns, AT.pasid, PRESENT.pasid);
  addPresence(present, columns, AT.sourceId, PRESENT.sourceId);
  addPresence(present, columns, AT.addr, PRESENT.range);
  addPresence(present, columns, AT.cpu, PRESENT.cpu);
  const int64s = (at: number): Int32Array => numbers(Int32Array, columns.values(at));
  const ids = (at: number): Uint32Array => numbers(Uint32Array, columns.values(at));
  const time = int64s(AT.time);
  const addr = int64s(AT.addr);
  const size = int64s(AT.size);
  const tNs = new Float64Array(rows);
  const page = new Float64Array(rows);
  const pages = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    tNs[i] = time[2 * i + 1] * 0x1_0000_0000 + (time[2 * i] >>> 0);
    if ((present[i] & PRESENT.range) === 0) continue;
    page[i] = pagesOf(addr, i);
    if (size[2 * i] === -1 && size[2 * i + 1] === -1) {
      pages[i] = ALL_PAGES;
    } else {
      // A range that does not end on a page border covers the page it ends in.
      const partial = ((addr[2 * i] & 0xfff) + (size[2 * i] & 0xfff) + 0xfff) >> 12;
      pages[i] = pagesOf(size, i) + partial;
    }
  }
  return {
    firstSeq,
    count: rows,
    tNs,
    present,
    page,
    pages,
    kind,
    stream: numbers(Uint16Array, columns.values(AT.stream)),
    scope: columns.values(AT.scope),
    flags: numbers(Uint16Array, columns.values(AT.flags)),
    domainId: ids(AT.domainId),
    pasid: ids(AT.pasid),
    sourceId: ids(AT.sourceId),
    raw: words ? columns.values(AT.raw) : NO_WORDS,
    rawLen: columns.values(AT.rawLen),
    submission: ids(AT.submission),
    cpu: numbers(Int16Array, columns.values(AT.cpu)),
  };
}
