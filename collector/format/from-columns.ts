// The columns of a batch -> EventBatch. Views where the memory layout is the same, one loop where it is not.
// `seq` is never read: it follows from the batch's place. A column that the file's version does not have, or
// that holds no value, is all zero.

import {
  ALL_PAGES,
  COLUMN_TYPES,
  KINDS,
  batchOf,
  type Column,
  type ColumnArray,
  type EventBatch,
  type MemoryColumn,
} from '../model/index.ts';
import type { BatchColumns } from './batch-columns.ts';

const NO_WORDS = new Uint8Array(0);

function addPresence(present: Uint16Array, columns: BatchColumns, at: number, bit: number): void {
  const { rows } = columns;
  const nulls = columns.nulls(at);
  if (nulls === rows) return;
  if (nulls === 0) {
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

/** A view of `bytes` as pairs of 32-bit words: buffers start on multiples of 8 bytes. */
function pairs(bytes: Uint8Array): Int32Array {
  return new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
}

/** What stands where in a batch, and which rows hold what. */
interface Source {
  readonly columns: BatchColumns;
  readonly indexOf: (name: string) => number;
  readonly present: Uint16Array;
}

function times({ columns }: Source, at: number): Float64Array {
  const words = pairs(columns.values(at));
  const out = new Float64Array(columns.rows);
  for (let i = 0; i < out.length; i++) {
    out[i] = words[2 * i + 1] * 0x1_0000_0000 + (words[2 * i] >>> 0);
  }
  return out;
}

function firstPages({ columns, present }: Source, at: number, bit: number): Float64Array {
  const words = pairs(columns.values(at));
  const out = new Float64Array(columns.rows);
  for (let i = 0; i < out.length; i++) if ((present[i] & bit) === bit) out[i] = pagesOf(words, i);
  return out;
}

function pageCounts(source: Source, at: number, bit: number): Float64Array {
  const { columns, present, indexOf } = source;
  const size = pairs(columns.values(at));
  const addr = pairs(columns.values(indexOf('addr')));
  const out = new Float64Array(columns.rows);
  for (let i = 0; i < out.length; i++) {
    if ((present[i] & bit) !== bit) continue;
    if (size[2 * i] === -1 && size[2 * i + 1] === -1) {
      out[i] = ALL_PAGES;
    } else {
      // A range that does not end on a page boundary covers the page it ends in.
      const partial = ((addr[2 * i] & 0xfff) + (size[2 * i] & 0xfff) + 0xfff) >> 12;
      out[i] = pagesOf(size, i) + partial;
    }
  }
  return out;
}

/** The column at `at` as it is in memory. */
function readColumn(source: Source, column: MemoryColumn, at: number): ColumnArray {
  const { type, present: bit = 0 } = column;
  switch (type) {
    case 'ns':
      return times(source, at);
    case 'firstPage':
      return firstPages(source, at, bit);
    case 'pageCount':
      return pageCounts(source, at, bit);
    case 'uint8':
    case 'kind':
    case 'words':
    case 'uint16':
    case 'uint32':
    case 'int16': {
      const { array } = COLUMN_TYPES[type];
      const bytes = source.columns.values(at);
      const { buffer, byteOffset } = bytes;
      return new array(buffer as ArrayBuffer, byteOffset, bytes.length / array.BYTES_PER_ELEMENT);
    }
  }
}

/**
 * The rows of a file whose columns are `found`, as columns in memory, without `raw` where `words` is false;
 * undefined where they hold what this version does not know.
 */
export function fromColumns(
  columns: BatchColumns,
  found: readonly Column[],
  { firstSeq, words }: { readonly firstSeq: number; readonly words: boolean },
): EventBatch | undefined {
  const { rows } = columns;
  const indexOf = (name: string): number => found.findIndex((column) => column.name === name);
  const kind = columns.values(indexOf('kind'));
  for (let i = 0; i < rows; i++) if (kind[i] >= KINDS.length) return undefined;
  const present = new Uint16Array(rows);
  let seen = 0;
  found.forEach(({ present: bit = 0 }, at) => {
    if ((bit & ~seen) !== 0) addPresence(present, columns, at, bit);
    seen |= bit;
  });
  const source: Source = { columns, indexOf, present };
  return batchOf({ firstSeq, count: rows, present }, (column) => {
    if (column.type === 'words' && !words) return NO_WORDS;
    const at = indexOf(column.name);
    const isEmpty = at < 0 || (column.present !== undefined && columns.nulls(at) === rows);
    if (!isEmpty) return readColumn(source, column, at);
    const { array, perRow } = COLUMN_TYPES[column.type];
    return new array(rows * perRow);
  });
}
