// EventBatch -> Arrow record batch. Typed arrays in, typed arrays out: no builders, no object a row.

import {
  Dictionary,
  Int8,
  RecordBatch,
  Struct,
  Utf8,
  makeData,
  type Data,
  type Schema,
} from 'apache-arrow';

import { ALL_PAGES, EventBuilder, PRESENT, RAW_BYTES, type EventBatch } from '../model/index.ts';
import { kindDictionary } from './schema.ts';

const U64_MAX = 0xffff_ffff;

/** Writes double `value` (an integer, |value| < 2^53) as a little-endian 64-bit integer at word pair `i`. */
function put64(words: Int32Array, i: number, value: number): void {
  const high = Math.floor(value / 0x1_0000_0000);
  words[2 * i] = value - high * 0x1_0000_0000;
  words[2 * i + 1] = high;
}

/** Page number (or count) -> bytes as a 64-bit integer: low 20 bits of the page go to the low word. */
function putPageBytes(words: Uint32Array, i: number, pages: number): void {
  const high = Math.floor(pages / 0x10_0000);
  words[2 * i] = (pages - high * 0x10_0000) * 4096;
  words[2 * i + 1] = high;
}

interface Validity {
  readonly bitmap: Uint8Array;
  readonly nulls: number;
}

function validity(batch: EventBatch, bit: number): Validity {
  const rows = batch.count;
  const bitmap = new Uint8Array((rows + 7) >> 3);
  let valid = 0;
  for (let i = 0; i < rows; i++) {
    if ((batch.present[i] & bit) !== 0) {
      bitmap[i >> 3] |= 1 << (i & 7);
      valid++;
    }
  }
  return { bitmap, nulls: rows - valid };
}

/** Values under a null are written as 0, so that a file never holds stale memory. */
function masked<T extends Uint32Array | Int16Array>(batch: EventBatch, from: T, bit: number): T {
  const out = from.slice(0, batch.count) as T;
  for (let i = 0; i < batch.count; i++) if ((batch.present[i] & bit) === 0) out[i] = 0;
  return out;
}

function rawColumn(batch: EventBatch): Uint8Array {
  const out = batch.raw.slice(0, batch.count * RAW_BYTES);
  for (let i = 0; i < batch.count; i++) {
    if (batch.rawLen[i] < RAW_BYTES)
      out.fill(0, i * RAW_BYTES + batch.rawLen[i], (i + 1) * RAW_BYTES);
  }
  return out;
}

/** The record batch of `batch`, numbered from `firstSeq`, with `metadata` as its message metadata. */
export function toRecordBatch(
  schema: Schema,
  batch: EventBatch,
  firstSeq: number,
  metadata: ReadonlyMap<string, string>,
): RecordBatch {
  const rows = batch.count;
  const seq = new Int32Array(rows * 2);
  const time = new Int32Array(rows * 2);
  const addr = new Uint32Array(rows * 2);
  const size = new Uint32Array(rows * 2);
  for (let i = 0; i < rows; i++) {
    put64(seq, i, firstSeq + i);
    put64(time, i, batch.tNs[i]);
    if ((batch.present[i] & PRESENT.range) === 0) continue;
    putPageBytes(addr, i, batch.page[i]);
    if (batch.pages[i] >= ALL_PAGES) {
      size[2 * i] = U64_MAX;
      size[2 * i + 1] = U64_MAX;
    } else {
      putPageBytes(size, i, batch.pages[i]);
    }
  }
  const range = validity(batch, PRESENT.range);
  const columns: Record<string, { data: ArrayBufferView; validity?: Validity }> = {
    seq: { data: new BigUint64Array(seq.buffer) },
    t_ns: { data: new BigInt64Array(time.buffer) },
    stream: { data: batch.stream.slice(0, rows) },
    kind: { data: new Int8Array(batch.kind.slice(0, rows).buffer) },
    scope: { data: batch.scope.slice(0, rows) },
    flags: { data: batch.flags.slice(0, rows) },
    domain_id: {
      data: masked(batch, batch.domainId, PRESENT.domainId),
      validity: validity(batch, PRESENT.domainId),
    },
    pasid: {
      data: masked(batch, batch.pasid, PRESENT.pasid),
      validity: validity(batch, PRESENT.pasid),
    },
    source_id: {
      data: masked(batch, batch.sourceId, PRESENT.sourceId),
      validity: validity(batch, PRESENT.sourceId),
    },
    addr: { data: new BigUint64Array(addr.buffer), validity: range },
    size: { data: new BigUint64Array(size.buffer), validity: range },
    raw: { data: rawColumn(batch) },
    raw_len: { data: batch.rawLen.slice(0, rows) },
    submission: { data: batch.submission.slice(0, rows) },
    cpu: { data: masked(batch, batch.cpu, PRESENT.cpu), validity: validity(batch, PRESENT.cpu) },
  };
  const children = schema.fields.map((field) => {
    const column = columns[field.name];
    return makeColumn(field.type, rows, column.data, column.validity);
  });
  const data = makeData({ type: new Struct(schema.fields), length: rows, nullCount: 0, children });
  return new RecordBatch(schema, data, new Map(metadata));
}

/** A batch without rows, to write what stands before the first. */
export function emptyRecordBatch(schema: Schema): RecordBatch {
  return toRecordBatch(schema, new EventBuilder(1), 0, new Map());
}

// makeData is overloaded on the concrete type; a column table needs the one general form.
type MakeData = (props: Record<string, unknown>) => Data;
const makeAny = makeData as unknown as MakeData;

function makeColumn(
  type: unknown,
  length: number,
  data: ArrayBufferView,
  valid: Validity | undefined,
): Data {
  const nulls = valid?.nulls ?? 0;
  const common = {
    type,
    length,
    data,
    nullCount: nulls,
    ...(valid !== undefined && nulls > 0 ? { nullBitmap: valid.bitmap } : {}),
  };
  return type instanceof Dictionary &&
    type.indices instanceof Int8 &&
    type.dictionary instanceof Utf8
    ? makeAny({ ...common, dictionary: kindDictionary })
    : makeAny(common);
}
