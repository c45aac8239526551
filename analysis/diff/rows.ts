// The calls of a result file as columns, in the order of the requests that they carried.

import { readFileSync } from 'node:fs';

import { tableFromIPC, type Table } from 'apache-arrow';

import { ToolError, fileError } from '../../collector/base/index.ts';

export interface Calls {
  readonly count: number;
  readonly stream: Float64Array;
  /** First and last request of each call. */
  readonly firstSeq: Float64Array;
  readonly lastSeq: Float64Array;
  readonly entries: Float64Array;
  readonly issuedNs: Float64Array;
  readonly serviceNs: Float64Array;
  /** Of all barriers that the call released, together. */
  readonly stallNs: Float64Array;
}

/** Sorted by stream, then by first request. Throws ToolError. */
export function readCalls(path: string): Calls {
  const table = readTable(path);
  const columns = {
    stream: column(table, path, 'stream'),
    firstSeq: column(table, path, 'first_seq'),
    lastSeq: column(table, path, 'last_seq'),
    entries: column(table, path, 'entries'),
    issuedNs: column(table, path, 'issued_ns'),
    completedNs: column(table, path, 'completed_ns'),
  };
  const stalls = stallSums(table, path);
  const order = Uint32Array.from({ length: stalls.length }, (_, i) => i).sort(
    (a, b) => columns.stream[a] - columns.stream[b] || columns.firstSeq[a] - columns.firstSeq[b],
  );
  const sorted = (values: Float64Array): Float64Array =>
    Float64Array.from(order, (row) => values[row]);
  return {
    count: order.length,
    stream: sorted(columns.stream),
    firstSeq: sorted(columns.firstSeq),
    lastSeq: sorted(columns.lastSeq),
    entries: sorted(columns.entries),
    issuedNs: sorted(columns.issuedNs),
    serviceNs: Float64Array.from(order, (row) => columns.completedNs[row] - columns.issuedNs[row]),
    stallNs: sorted(stalls),
  };
}

function readTable(path: string): Table {
  try {
    return tableFromIPC(readFileSync(path));
  } catch (error) {
    throw fileError(error, path, 'Nothing was compared.');
  }
}

function column(table: Table, path: string, name: string): Float64Array {
  const found = table.getChild(name);
  if (found === null) {
    throw new ToolError('E_FORMAT', `${path}: has no column '${name}'; nothing was compared`);
  }
  const values = found.toArray() as ArrayLike<number | bigint>; // integers, whatever their width
  return Float64Array.from({ length: values.length }, (_, i) => Number(values[i]));
}

/** Of each row: the sum of its list. Reads the lists' one flat column. */
function stallSums(table: Table, path: string): Float64Array {
  const sums: number[] = [];
  for (const batch of table.batches) {
    const list = batch.getChild('stalls_ns')?.data[0];
    if (list === undefined) {
      throw new ToolError('E_FORMAT', `${path}: has no column 'stalls_ns'; nothing was compared`);
    }
    const [child] = list.children;
    const values = child.values as BigInt64Array; // the column's type is List<Int64>
    const offsets = list.valueOffsets as Int32Array;
    for (let row = 0; row < batch.numRows; row++) {
      let sum = 0;
      for (let i = offsets[row]; i < offsets[row + 1]; i++) sum += Number(values[i]);
      sums.push(sum);
    }
  }
  return Float64Array.from(sums);
}
