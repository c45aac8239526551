import assert from 'node:assert/strict';
import { test } from 'node:test';

import { findHoles, type ThreadSample } from '../../../replayer/loop/holes.ts';
import { stealOf } from '../../../replayer/loop/thread-watch.ts';

const MS = 1e6;

function rows(list: readonly (readonly [number, number, number])[]) {
  const column = (pick: 0 | 1 | 2) => Float64Array.from(list, (row) => row[pick] * MS);
  return { rows: list.length, dueNs: column(0), issuedNs: column(1), completedNs: column(2) };
}

const sample = (atMs: number, part: Partial<ThreadSample> = {}): ThreadSample => ({
  atNs: atMs * MS,
  ranNs: 0,
  waitedNs: 0,
  stealNs: 0,
  cpu: 1,
  ...part,
});

test('a long idle wait between two steps is no hole', () => {
  const run = rows([
    [0, 0, 1],
    [900, 900, 901],
  ]);
  assert.deepEqual(findHoles(run, [], false), []);
});

test('a step issued 60 ms after it was due is a hole from the due time on', () => {
  const holes = findHoles(rows([[100, 160, 161]]), [], false);
  assert.deepEqual(holes, [{ at_ns: 100 * MS, length_ns: 61 * MS, cause: 'unknown' }]);
});

test('steps that queue behind one hole are not holes themselves', () => {
  const run = rows([
    [0, 0, 90],
    [10, 90, 91],
    [20, 91, 92],
  ]);
  assert.equal(findHoles(run, [], false).length, 1);
});

test('the cause is what the kernel counted meanwhile', () => {
  const late = rows([[100, 160, 161]]);
  const cause = (part: Partial<ThreadSample>, isFifo = false): string | undefined =>
    findHoles(late, [sample(50), sample(200, part)], isFifo)[0]?.cause;
  assert.equal(cause({ stealNs: 50 * MS }), 'steal');
  assert.equal(cause({ waitedNs: 50 * MS }), 'waited-for-cpu');
  assert.equal(cause({ waitedNs: 50 * MS }, true), 'rt-throttling');
  assert.equal(cause({ cpu: 0 }), 'migration');
  assert.equal(cause({}), 'unknown');
  assert.equal(findHoles(rows([[0, 0, 80]]), [sample(0), sample(90)], false)[0]?.cause, 'in-call');
});

test('steal is read per CPU, in ticks of 10 ms', () => {
  const stat = 'cpu  1 2 3 4 5 6 7 30 0 0\ncpu0 1 1 1 1 1 1 1 10 0 0\ncpu1 1 1 1 1 1 1 1 20 0 0\n';
  assert.equal(stealOf(1, stat), 200e6);
  assert.equal(stealOf(-1, stat), 300e6);
  assert.equal(stealOf(5, stat), -1);
});
