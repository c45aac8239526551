// The result file: Arrow file form, a row per issued group of steps, the header as schema metadata.
// Written whole by write-then-rename; read for its header only (rows are read by the SQL engine).

import {
  Field,
  Int32,
  Int64,
  List,
  RecordBatch,
  Schema,
  Struct,
  Uint16,
  Uint32,
  Uint64,
  Uint8,
  makeData,
  type Data,
  type DataType,
} from 'apache-arrow';

import { ToolError, asOutput, parseJson, type Output } from '../../collector/base/index.ts';
import { firstSchema, ipcBytes } from '../../collector/format/index.ts';
import {
  RESULT_HEADER_KEY,
  RESULT_VERSION,
  resultHeaderSchema,
  type ResultHeader,
} from './header.ts';
import type { RunRows } from './run-rows.ts';
import { upgradeResultHeader } from './upgrade.ts';

interface Column {
  readonly name: string;
  readonly type: DataType;
  readonly unit: string;
  readonly description: string;
  readonly values: (rows: RunRows) => ArrayBufferView;
}

const int64 = (from: Float64Array): BigInt64Array =>
  BigInt64Array.from(from, (value) => BigInt(Math.round(value)));
const uint64 = (from: Float64Array): BigUint64Array => BigUint64Array.from(from, BigInt);

const COLUMNS: readonly Column[] = [
  {
    name: 'stream',
    type: new Uint16(),
    unit: 'id',
    description: 'ordered queue',
    values: (rows) => new Uint16Array(rows.rows).fill(rows.stream),
  },
  {
    name: 'due_ns',
    type: new Int64(),
    unit: 'ns',
    description: 'asked, from the common start',
    values: (rows) => int64(rows.dueNs),
  },
  {
    name: 'free_ns',
    type: new Int64(),
    unit: 'ns',
    description: 'when the thread had returned from the call before, of whichever stream',
    values: (rows) => int64(rows.freeNs),
  },
  {
    name: 'issued_ns',
    type: new Int64(),
    unit: 'ns',
    description: 'just before the ioctl',
    values: (rows) => int64(rows.issuedNs),
  },
  {
    name: 'completed_ns',
    type: new Int64(),
    unit: 'ns',
    description: 'just after the ioctl',
    values: (rows) => int64(rows.completedNs),
  },
  {
    name: 'entries',
    type: new Uint32(),
    unit: 'count',
    description: 'entries asked',
    values: (rows) => rows.entries,
  },
  {
    name: 'entries_done',
    type: new Uint32(),
    unit: 'count',
    description: 'entries really completed',
    values: (rows) => rows.entriesDone,
  },
  {
    name: 'errno',
    type: new Int32(),
    unit: 'errno',
    description: 'first error of its ioctls, 0 for none',
    values: (rows) => rows.errno,
  },
  {
    name: 'first_seq',
    type: new Uint64(),
    unit: 'seq',
    description: 'lowest request carried',
    values: (rows) => uint64(rows.firstSeq),
  },
  {
    name: 'last_seq',
    type: new Uint64(),
    unit: 'seq',
    description: 'highest request carried',
    values: (rows) => uint64(rows.lastSeq),
  },
  {
    name: 'calls',
    type: new Uint32(),
    unit: 'count',
    description: 'ioctls made',
    values: (rows) => rows.calls,
  },
  {
    name: 'steps',
    type: new Uint32(),
    unit: 'count',
    description: 'planned steps that it joins',
    values: (rows) => rows.steps,
  },
];

/** Lists with one value per barrier that the row released. */
const BARRIER_COLUMNS: readonly Column[] = [
  {
    name: 'stalls_ns',
    type: new Int64(),
    unit: 'ns',
    description: 'release − arrival of each barrier that it released',
    values: (rows) => int64(rows.stallNs),
  },
  {
    name: 'barrier_waiter',
    type: new Uint16(),
    unit: 'id',
    description: 'who waited at it',
    values: (rows) => rows.barriers.waiter,
  },
  {
    name: 'barrier_interval',
    type: new Uint32(),
    unit: 'count',
    description: "number of the waiter's interval that it ends",
    values: (rows) => rows.barriers.interval,
  },
  {
    name: 'barrier_arrival_ns',
    type: new Int64(),
    unit: 'ns',
    description: 'when the guest reached it',
    values: (rows) => int64(rows.barriers.arrivalNs),
  },
  {
    name: 'barrier_issued_ns',
    type: new Int64(),
    unit: 'ns',
    description: 'when the call that released it began',
    values: (rows) => int64(rows.barriers.issuedNs),
  },
  {
    name: 'barrier_completed_ns',
    type: new Int64(),
    unit: 'ns',
    description: 'when that call returned',
    values: (rows) => int64(rows.barriers.completedNs),
  },
  {
    name: 'barrier_released_ns',
    type: new Int64(),
    unit: 'ns',
    description: 'when the guest could go on',
    values: (rows) => int64(rows.barriers.releasedNs),
  },
  {
    name: 'barrier_stall_own_ns',
    type: new Int64(),
    unit: 'ns',
    description: "part of the stall that is the releasing call's own lateness",
    values: (rows) => int64(rows.barriers.stallOwnNs),
  },
  {
    name: 'barrier_spoilt',
    type: new Uint8(),
    unit: 'flag',
    description: '1 where a gap of the machine or the replayer fell into it',
    values: (rows) => rows.barriers.spoilt,
  },
];

// makeData is overloaded on the concrete type; a column table needs the one general form.
const makeAny = makeData as unknown as (props: Record<string, unknown>) => Data;

/**
 * Writes the result of one run. Throws ToolError; the file appears whole or not at all. A path stands for a
 * file of the caller's own, which is replaced.
 */
export function writeResult(
  to: Output | string,
  header: ResultHeader,
  streams: readonly RunRows[],
): void {
  const schema = new Schema(
    [
      ...COLUMNS.map((column) => fieldOf(column, column.type)),
      ...BARRIER_COLUMNS.map((column) => fieldOf(column, listOf(column))),
    ],
    new Map([[RESULT_HEADER_KEY, JSON.stringify(header)]]),
  );
  const ipc = ipcBytes('file');
  for (const rows of streams) ipc.write(toBatch(schema, rows));
  ipc.finish();
  asOutput(to).write(ipc.chunks);
}

function fieldOf({ name, unit, description }: Column, type: DataType): Field {
  const metadata = new Map([
    ['unit', unit],
    ['description', description],
  ]);
  return new Field(name, type, false, metadata);
}

const listOf = (column: Column): List => new List(new Field('item', column.type, false));

function toBatch(schema: Schema, rows: RunRows): RecordBatch {
  const columns = COLUMNS.map((column) =>
    makeAny({ type: column.type, length: rows.rows, nullCount: 0, data: column.values(rows) }),
  );
  const offsets = new Int32Array(rows.rows + 1);
  offsets.set(rows.stallEnd, 1);
  const lists = BARRIER_COLUMNS.map((column) =>
    makeAny({
      type: listOf(column),
      length: rows.rows,
      nullCount: 0,
      valueOffsets: offsets,
      child: makeAny({
        type: column.type,
        length: rows.stallNs.length,
        nullCount: 0,
        data: column.values(rows),
      }),
    }),
  );
  const children = [...columns, ...lists];
  const data = makeData({
    type: new Struct(schema.fields),
    length: rows.rows,
    nullCount: 0,
    children,
  });
  return new RecordBatch(schema, data);
}

/** The header of the result file at `path`. Throws ToolError. */
export function readResultHeader(path: string): ResultHeader {
  const text = firstSchema(path)?.metadata.get(RESULT_HEADER_KEY);
  if (text === undefined) {
    throw new ToolError('E_FORMAT', `${path}: not a result of iotlb replay; it was left out`, {
      hint: "results are written by 'iotlb replay -o FILE' and 'iotlb compare'",
    });
  }
  const raw = upgradeResultHeader(parseJson(text));
  const parsed = resultHeaderSchema.safeParse(raw);
  if (parsed.success && parsed.data.version <= RESULT_VERSION) return parsed.data;
  const version =
    typeof raw === 'object' && raw !== null && 'version' in raw ? Number(raw.version) : Number.NaN;
  if (version > RESULT_VERSION) {
    throw new ToolError(
      'E_NEWER_FORMAT',
      `${path}: written in result format ${version}; this reads up to ${RESULT_VERSION}`,
      {
        hint: 'use a newer iotlb',
      },
    );
  }
  throw new ToolError('E_FORMAT', `${path}: its header is not understood`);
}
