// Who waits: what a log's threads and doorbells tell, and what stands in for it where nothing does.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  EventBuilder,
  KIND,
  PRESENT,
  WaitSummary,
  Waiters,
  WaiterTable,
  isContext,
  isRequest,
  KINDS,
  REQUEST_KINDS,
  type Stream,
  type Waiter,
} from '../../../collector/model/index.ts';

const stream = (index: number): Stream => ({
  index,
  vm: 0,
  viommu: 0,
  queue: index,
  name: `queue ${index}`,
});
const thread = (index: number): Waiter => ({
  index,
  vm: 0,
  name: `thread ${100 + index}`,
  from: 'thread',
});

/** Rows as `stream waiter submission`, `-` for no waiter; every one a barrier. */
function barriers(...rows: readonly string[]): EventBuilder {
  const out = new EventBuilder(1);
  for (const text of rows) {
    const [queue, waiter, submission] = text.split(' ');
    const row = out.next(out.count, Number(queue));
    out.kind[row] = KIND.barrier;
    out.submission[row] = Number(submission);
    if (waiter === '-') continue;
    out.waiter[row] = Number(waiter);
    out.present[row] |= PRESENT.waiter;
  }
  return out;
}

test('every kind is a request, a barrier or context, and exactly one of them', () => {
  for (const kind of KINDS.keys()) {
    const roles = [isRequest(kind), kind === KIND.barrier, isContext(kind)];
    assert.equal(roles.filter(Boolean).length, 1, KINDS[kind]);
  }
  assert.deepEqual(
    KINDS.filter((_, kind) => isContext(kind)),
    ['map', 'access', 'mark', 'idle'],
  );
  assert.deepEqual(
    REQUEST_KINDS,
    KINDS.filter((_, kind) => isRequest(kind)),
  );
});

test('a row that names no waiter belongs to the waiter of its stream', () => {
  const waiters = new Waiters({ waiters: [thread(0), thread(1)], streams: [stream(0), stream(3)] });
  const rows = barriers('0 1 0', '0 - 0', '3 - 0', '3 0 0');
  assert.deepEqual(
    [0, 1, 2, 3].map((row) => waiters.of(rows, row)),
    [1, 2, 3, 0],
  );
  assert.deepEqual(
    waiters.all.map(({ index, from }) => [index, from]),
    [
      [0, 'thread'],
      [1, 'thread'],
      [2, 'unknown'],
      [3, 'unknown'],
    ],
  );
});

test('a second wait under one doorbell is of a CPU that nothing names, across batches too', () => {
  const waits = new WaitSummary({ waiters: [thread(0), thread(1)], streams: [stream(0)] });
  waits.add(barriers('0 0 1', '0 1 2', '0 1 2', '0 1 2'));
  waits.add(barriers('0 0 2', '0 0 3', '0 0 0', '0 0 0'));
  assert.equal(waits.severalWaits, 1);
  assert.equal(waits.unknownWaits, 3);
  assert.deepEqual(
    waits.waiters().map(({ name, intervals }) => [name, intervals]),
    [
      ['thread 100', 4],
      ['thread 101', 1],
    ],
  );
});

test('waiters are numbered as they appear, up to what the column can tell apart', () => {
  const table = new WaiterTable('cpu', 'CPU');
  assert.deepEqual(
    [7, 3, 7, 9].map((id) => table.indexOf(id)),
    [0, 1, 0, 2],
  );
  assert.deepEqual(
    table.list().map(({ name, from }) => `${name} ${from}`),
    ['CPU 7 cpu', 'CPU 3 cpu', 'CPU 9 cpu'],
  );
  for (let id = 100; id < 70_000; id++) table.indexOf(id);
  assert.equal(table.list().length, 65_536);
  assert.equal(table.indexOf(70_001), -1);
  assert.equal(table.indexOf(7), 0);
});
