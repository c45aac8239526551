// The timed rows of a result file, per stream, for fitting. Reads the few columns it needs and no more.

import { readFileSync } from 'node:fs';

import { tableFromIPC, type Table } from 'apache-arrow';

import { ToolError, fileError } from '../../collector/base/index.ts';
import type { TimedRows } from './samples.ts';

/** Rows of each stream in the order they were issued. Throws ToolError. */
export function readTimedRows(path: string): ReadonlyMap<number, TimedRows> {
  const table = readTable(path);
  const stream = column(table, path, 'stream');
  const issued = column(table, path, 'issued_ns');
  const completed = column(table, path, 'completed_ns');
  const errno = column(table, path, 'errno');
  const steps = column(table, path, 'steps');
  const out = new Map<
    number,
    { issuedNs: number[]; completedNs: number[]; errno: number[]; steps: number[] }
  >();
  for (let row = 0; row < stream.length; row++) {
    const id = Number(stream[row]);
    let rows = out.get(id);
    if (rows === undefined)
      out.set(id, (rows = { issuedNs: [], completedNs: [], errno: [], steps: [] }));
    rows.issuedNs.push(Number(issued[row]));
    rows.completedNs.push(Number(completed[row]));
    rows.errno.push(Number(errno[row]));
    rows.steps.push(Number(steps[row]));
  }
  return out;
}

function readTable(path: string): Table {
  try {
    return tableFromIPC(readFileSync(path));
  } catch (error) {
    throw fileError(error, path, 'Nothing was fitted.');
  }
}

function column(table: Table, path: string, name: string): ArrayLike<number | bigint> {
  const found = table.getChild(name);
  if (found === null) {
    throw new ToolError('E_FORMAT', `${path}: has no column '${name}'; nothing was fitted`);
  }
  return found.toArray() as ArrayLike<number | bigint>; // integer columns, whatever their width
}
