// A closed loop as the loop's block carries it: what each waiter asks, flattened from its submissions, and how
// calls are formed. Read by the native loop only; the plain one runs replayer/closed-loop itself.

import { Cursor } from '../closed-loop/cursor.ts';
import type { Serial } from '../closed-loop/options.ts';
import { ROW } from '../closed-loop/rows.ts';
import { SUBMISSION, type Submissions } from '../closed-loop/submissions.ts';
import type { LoopSetup } from '../closed-loop/loop.ts';
import { Struct, type Room } from './block.ts';
import { GROUPING } from './layout.ts';

export type Grouping = LoopSetup['grouping'];

export interface ClosedWork {
  /** Its streams are the lane's, in the same order. Times are those of the run, in whole ns. */
  readonly submissions: Submissions;
  readonly grouping: Grouping;
  readonly serial: Serial;
  /** The step of its stream that the request of this number became. */
  readonly stepOf: (seq: number) => number;
  /** Steps were joined beforehand: a call makes those whose last request it holds. */
  readonly isPlanned: boolean;
  /** Bytes of the largest array that a call can become. */
  readonly gatherBytes: number;
}

/** A row of some waiter's submission. */
export interface ClosedItem {
  readonly seq: number;
  readonly isBarrier: boolean;
  readonly stream: number;
  readonly waiter: number;
  /** Of barriers: false for those whose CPU nobody knows. */
  readonly isOwn: boolean;
}

/** Columns by submission and by item, waiter by waiter. */
interface Flat {
  readonly columns: Readonly<Record<string, readonly number[]>>;
  readonly items: readonly ClosedItem[];
  readonly locks: number;
}

const DOUBLES: ReadonlySet<string> = new Set(['first_ns_at', 'last_ns_at']);
const ITEM_OUTPUTS = [
  ['arrival_at', 8],
  ['released_at', 8],
  ['stall_at', 8],
  ['released_by_at', 4],
] as const;

function flatten({ submissions, serial, stepOf }: ClosedWork): Flat {
  const columns = {
    submission_end_at: [] as number[],
    stream_end_at: [] as number[],
    waiter_stream_at: [] as number[],
    stream_at: [] as number[],
    flags_at: [] as number[],
    first_ns_at: [] as number[],
    last_ns_at: [] as number[],
    item_end_at: [] as number[],
    lock_end_at: [] as number[],
    lock_at: [] as number[],
    what_at: [] as number[],
    step_at: [] as number[],
    target_at: [] as number[],
    kind_at: [] as number[],
    commands_at: [] as number[],
    start_at: [] as number[],
  };
  const items: ClosedItem[] = [];
  const firstRow: number[] = [];
  const byStream = submissions.lockStream.length;
  submissions.waiters.forEach((_, waiter) => {
    const cursor = new Cursor(submissions, waiter);
    firstRow.push(cursor.row[0]);
    for (; cursor.isThere; cursor.advance()) {
      columns.stream_at.push(cursor.stream);
      columns.flags_at.push(
        (cursor.starts ? SUBMISSION.starts : 0) + (cursor.chained ? SUBMISSION.chained : 0),
      );
      columns.first_ns_at.push(cursor.firstNs);
      columns.last_ns_at.push(cursor.lastNs);
      for (let i = 0, barriers = 0; i < cursor.rows; i++) {
        const what = cursor.what[i];
        const seq = cursor.row[i];
        const isRequest = what === ROW.request;
        const sort = submissions.sorts[cursor.sort[i]];
        columns.what_at.push(what);
        columns.step_at.push(isRequest ? stepOf(seq) : 0);
        columns.target_at.push(isRequest ? sort.target : 0);
        columns.kind_at.push(isRequest ? sort.kind : 0);
        columns.commands_at.push(isRequest ? sort.commands : 0);
        const isOwn = what === ROW.barrier && barriers++ === 0;
        items.push({ seq, isBarrier: what === ROW.barrier, stream: cursor.stream, waiter, isOwn });
      }
      columns.item_end_at.push(items.length);
      if (cursor.starts && cursor.chained)
        columns.lock_at.push(...locksOf(cursor, serial, submissions));
      columns.lock_end_at.push(columns.lock_at.length);
    }
    columns.submission_end_at.push(columns.stream_at.length);
    columns.waiter_stream_at.push(...submissions.streamsOf[waiter]);
    columns.stream_end_at.push(columns.waiter_stream_at.length);
  });
  const waiters = submissions.waiters.map((_, waiter) => waiter);
  columns.start_at.push(...waiters.sort((a, b) => firstRow[a] - firstRow[b]));
  return { columns, items, locks: byStream + submissions.streams.length };
}

/** Locks of the interval that a cursor is at, as `--serial` has them. */
function locksOf(
  { locks, lockCount }: Cursor,
  serial: Serial,
  { lockStream }: Submissions,
): readonly number[] {
  if (serial === 'cpu') return [];
  const own = locks.slice(0, lockCount);
  if (serial === 'domain') return own;
  return [...new Set(own.map((lock) => lockStream.length + lockStream[lock]))];
}

export function layClosed(
  room: Room,
  puts: ((shared: SharedArrayBuffer) => void)[],
  work: ClosedWork,
): number {
  const { submissions, grouping } = work;
  const flat = flatten(work);
  const at = room.takeStruct('closed');
  const fields: Record<string, number> = {
    waiters: submissions.waiters.length,
    locks: flat.locks,
    targets: submissions.targets,
    items: flat.items.length,
    each_entry: submissions.eachEntry,
    is_planned: work.isPlanned ? 1 : 0,
    ...groupingFields(grouping),
    gather_at: room.take(work.gatherBytes),
  };
  for (const [name, values] of Object.entries(flat.columns)) {
    const array = DOUBLES.has(name) ? Float64Array.from(values) : Uint32Array.from(values);
    const place = room.take(array.byteLength);
    fields[name] = place;
    puts.push((shared) => new Uint8Array(shared, place).set(new Uint8Array(array.buffer)));
  }
  for (const [name, bytes] of ITEM_OUTPUTS) fields[name] = room.take(flat.items.length * bytes);
  puts.push((shared) => {
    const struct = new Struct(shared, 'closed', at);
    for (const [name, value] of Object.entries(fields)) struct.set(name, value);
    new Float64Array(shared, fields['arrival_at'], flat.items.length).fill(Number.NaN);
    new Float64Array(shared, fields['released_at'], flat.items.length).fill(Number.NaN);
  });
  return at;
}

function groupingFields(grouping: Grouping): Readonly<Record<string, number>> {
  const none = { early: 0, drains: 0, width_ns: 0, max_commands: Number.POSITIVE_INFINITY };
  switch (grouping.kind) {
    case 'request': {
      const code = grouping.thread === 'waiter' ? GROUPING.request : GROUPING.eager;
      return { ...none, grouping: code, max_commands: 1 };
    }
    case 'interval':
      return { ...none, grouping: GROUPING.interval, max_commands: grouping.maxCommands };
    case 'submission':
      return { ...none, grouping: GROUPING.submission };
    case 'window':
      return {
        grouping: GROUPING.window,
        early: grouping.early ? 1 : 0,
        drains: grouping.thenDrain ? 1 : 0,
        width_ns: grouping.widthNs,
        max_commands: grouping.maxCommands,
      };
    case 'drain':
      return { ...none, grouping: GROUPING.drain, drains: 1, max_commands: grouping.maxCommands };
    case 'released-early':
      return {
        ...none,
        grouping: GROUPING.queue,
        width_ns: grouping.timeoutNs,
        max_commands: grouping.size,
      };
    case 'custom':
      throw new Error('a custom rule runs in the JavaScript loop');
  }
}

/** What became of each item. */
export interface ClosedOutput {
  readonly items: readonly ClosedItem[];
  /** NaN where it did not arrive. */
  readonly arrivalNs: Float64Array;
  /** Of barriers; NaN where it was not released. */
  readonly releasedNs: Float64Array;
  /** Of barriers: release − doorbell, and the time in calls of the interval's earlier submissions. */
  readonly stallNs: Float64Array;
  /** Row of its stream's output whose call released it. */
  readonly releasedBy: Uint32Array;
}

/** Reads a block's closed loop after a run. */
export function closedOutput(
  shared: SharedArrayBuffer,
  at: number,
  work: ClosedWork,
): ClosedOutput {
  const struct = new Struct(shared, 'closed', at);
  const out = emptyOutput(work);
  const { length } = out.items;
  out.arrivalNs.set(new Float64Array(shared, struct.get('arrival_at'), length));
  out.releasedNs.set(new Float64Array(shared, struct.get('released_at'), length));
  out.stallNs.set(new Float64Array(shared, struct.get('stall_at'), length));
  out.releasedBy.set(new Uint32Array(shared, struct.get('released_by_at'), length));
  return out;
}

export function emptyOutput(work: ClosedWork): ClosedOutput {
  const { items } = flatten(work);
  return {
    items,
    arrivalNs: new Float64Array(items.length).fill(Number.NaN),
    releasedNs: new Float64Array(items.length).fill(Number.NaN),
    stallNs: new Float64Array(items.length),
    releasedBy: new Uint32Array(items.length),
  };
}
