// What a replay says it issued: the entries of every row of its result file. An online strategy cuts its
// steps while running, so only the result knows which entries shared a call.

import { readFileSync } from 'node:fs';
import { tableFromIPC } from 'apache-arrow';

export interface IssuedRow {
  readonly entries: number;
  readonly done: number;
  readonly errno: number;
}

/** The rows of a one-stream result, in the order they were issued. */
export function issuedRows(path: string): readonly IssuedRow[] {
  const table = tableFromIPC(readFileSync(path));
  const column = (name: string): readonly number[] =>
    Array.from(table.getChild(name) ?? [], Number);
  const [done, errno] = [column('entries_done'), column('errno')];
  return column('entries').map((entries, row) => ({ entries, done: done[row], errno: errno[row] }));
}

/** All entries of a plan, cut again as they were issued. */
export function recut(
  calls: readonly Uint8Array[],
  rows: readonly IssuedRow[],
  entryBytes: number,
): readonly Uint8Array[] {
  const bytes = Buffer.concat(calls);
  let at = 0;
  return rows.map(({ entries }) => bytes.subarray(at, (at += entries * entryBytes)));
}
