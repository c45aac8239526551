// Arrow record batch -> EventBatch. Views where the memory layout is the same, one loop where it is not.
// The caller has checked the batch's checksum and column lengths.

import { type Data, type RecordBatch } from 'apache-arrow';

import { ALL_PAGES, KINDS, PRESENT, type EventBatch } from '../model/index.ts';
import { COLUMN_NAMES } from './schema.ts';

const columnIndex = (name: string): number => COLUMN_NAMES.indexOf(name);

const AT = {
  seq: columnIndex('seq'),
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

const pairs = (data: Data): Int32Array => {
  const values = data.values as BigInt64Array;
  return new Int32Array(values.buffer, values.byteOffset, values.length * 2);
};

function addPresence(present: Uint8Array, data: Data, rows: number, bit: number): void {
  if (data.nullCount === 0) {
    for (let i = 0; i < rows; i++) present[i] |= bit;
    return;
  }
  const bitmap = data.nullBitmap;
  for (let i = 0; i < rows; i++) if ((bitmap[i >> 3] >> (i & 7)) & 1) present[i] |= bit;
}

/** 64-bit bytes -> 4 KiB pages, rounding down. */
function pagesOf(words: Int32Array, i: number): number {
  return (words[2 * i + 1] >>> 0) * 0x10_0000 + (words[2 * i] >>> 12);
}

/** False where a row's kind is a code that this version does not know. */
export function hasKnownKinds(batch: RecordBatch): boolean {
  const kind = batch.data.children[AT.kind].values as Int8Array; // the schema says so
  for (let i = 0; i < batch.numRows; i++) if (kind[i] < 0 || kind[i] >= KINDS.length) return false;
  return true;
}

/** The rows of `batch` as columns in memory. Views stay valid as long as the batch's buffers. */
export function fromRecordBatch(batch: RecordBatch, firstSeq: number): EventBatch {
  const rows = batch.numRows;
  const columns = batch.data.children;
  const present = new Uint8Array(rows);
  addPresence(present, columns[AT.domainId], rows, PRESENT.domainId);
  addPresence(present, columns[AT.pasid], rows, PRESENT.pasid);
  addPresence(present, columns[AT.sourceId], rows, PRESENT.sourceId);
  addPresence(present, columns[AT.addr], rows, PRESENT.range);
  addPresence(present, columns[AT.cpu], rows, PRESENT.cpu);
  const time = pairs(columns[AT.time]);
  const addr = pairs(columns[AT.addr]);
  const size = pairs(columns[AT.size]);
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
  const values = <T>(at: number): T => columns[at].values as T;
  const kind = values<Int8Array>(AT.kind);
  return {
    firstSeq,
    count: rows,
    tNs,
    present,
    page,
    pages,
    stream: values<Uint16Array>(AT.stream),
    kind: new Uint8Array(kind.buffer, kind.byteOffset, kind.length),
    scope: values<Uint8Array>(AT.scope),
    flags: values<Uint16Array>(AT.flags),
    domainId: values<Uint32Array>(AT.domainId),
    pasid: values<Uint32Array>(AT.pasid),
    sourceId: values<Uint32Array>(AT.sourceId),
    raw: values<Uint8Array>(AT.raw),
    rawLen: values<Uint8Array>(AT.rawLen),
    submission: values<Uint32Array>(AT.submission),
    cpu: values<Int16Array>(AT.cpu),
  };
}
