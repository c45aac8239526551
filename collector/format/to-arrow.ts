// EventBatch -> Arrow record batch. Typed arrays in, typed arrays out: no builders, no object for each row.

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

import {
  ALL_COLUMNS,
  ALL_PAGES,
  EventBuilder,
  RAW_BYTES,
  type ColumnArray,
  type ColumnArrays,
  type Column,
  type ColumnType,
  type EventBatch,
} from '../model/index.ts';
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

/** The rows of one column to be written: `values` is what memory has of it, `bit` its PRESENT bit or 0. */
interface Rows<T> {
  readonly batch: EventBatch;
  readonly values: T;
  readonly bit: number;
  readonly firstSeq: number;
}

/** Values under a null are written as 0, so that a file never holds stale memory. */
function plain<T extends Exclude<ColumnArray, Float64Array>>({ batch, values, bit }: Rows<T>): T {
  const out = values.slice(0, batch.count) as T;
  if (bit === 0) return out;
  for (let i = 0; i < batch.count; i++) if ((batch.present[i] & bit) === 0) out[i] = 0;
  return out;
}

function sequence({ batch, firstSeq }: Rows<unknown>): ArrayBufferView {
  const out = new Int32Array(batch.count * 2);
  for (let i = 0; i < batch.count; i++) put64(out, i, firstSeq + i);
  return new BigUint64Array(out.buffer);
}

function times({ batch, values, bit }: Rows<Float64Array>): ArrayBufferView {
  const { count, present } = batch;
  const out = new Int32Array(count * 2);
  for (let i = 0; i < count; i++) if ((present[i] & bit) === bit) put64(out, i, values[i]);
  return new BigInt64Array(out.buffer);
}

function firstPages({ batch, values, bit }: Rows<Float64Array>): ArrayBufferView {
  const { count, present } = batch;
  const out = new Uint32Array(count * 2);
  for (let i = 0; i < count; i++) if ((present[i] & bit) === bit) putPageBytes(out, i, values[i]);
  return new BigUint64Array(out.buffer);
}

function pageCounts({ batch, values, bit }: Rows<Float64Array>): ArrayBufferView {
  const { count, present } = batch;
  const out = new Uint32Array(count * 2);
  for (let i = 0; i < count; i++) {
    if ((present[i] & bit) !== bit) continue;
    if (values[i] >= ALL_PAGES) {
      out[2 * i] = U64_MAX;
      out[2 * i + 1] = U64_MAX;
    } else {
      putPageBytes(out, i, values[i]);
    }
  }
  return new BigUint64Array(out.buffer);
}

function kinds({ batch, values }: Rows<Uint8Array>): ArrayBufferView {
  return new Int8Array(values.slice(0, batch.count).buffer);
}

function wordBytes({ batch, values }: Rows<Uint8Array>): ArrayBufferView {
  const { count, rawLen } = batch;
  const out = values.slice(0, count * RAW_BYTES);
  for (let i = 0; i < count; i++) {
    if (rawLen[i] < RAW_BYTES) out.fill(0, i * RAW_BYTES + rawLen[i], (i + 1) * RAW_BYTES);
  }
  return out;
}

// Each writer takes the array that its type has in the table; the table's names lead to no others.
type Write = (rows: Rows<unknown>) => ArrayBufferView;
const WRITERS: Readonly<Record<ColumnType, Write>> = {
  uint8: plain as Write,
  uint16: plain as Write,
  uint32: plain as Write,
  int16: plain as Write,
  sequence,
  ns: times as Write,
  firstPage: firstPages as Write,
  pageCount: pageCounts as Write,
  kind: kinds as Write,
  words: wordBytes as Write,
};

/** The record batch of `batch`, numbered from `firstSeq`, with `metadata` as its message metadata. */
export function toRecordBatch(
  schema: Schema,
  batch: EventBatch,
  firstSeq: number,
  metadata: ReadonlyMap<string, string>,
): RecordBatch {
  const rows = batch.count;
  const validities = new Map<number, Validity>();
  const validityOf = (bit: number): Validity => {
    let found = validities.get(bit);
    if (found === undefined) validities.set(bit, (found = validity(batch, bit)));
    return found;
  };
  const children = schema.fields.map((field, i) => {
    const { name, type, present, field: array }: Column = ALL_COLUMNS[i];
    if (name !== field.name) throw new Error(`column ${i} of the schema is ${field.name}`);
    const values = array === undefined ? undefined : batch[array as keyof ColumnArrays];
    const data = WRITERS[type]({ batch, values, bit: present ?? 0, firstSeq });
    const valid = present === undefined ? undefined : validityOf(present);
    return makeColumn(field.type, rows, data, valid);
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
