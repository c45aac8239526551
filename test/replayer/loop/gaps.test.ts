import assert from 'node:assert/strict';
import { test } from 'node:test';

import { stealOf } from '../../../replayer/doctor/steal.ts';
import { nameGap } from '../../../replayer/loop/gaps.ts';
import type { RawGap } from '../../../replayer/loop/lane-memory.ts';
import { GAP_WHERE } from '../../../replayer/loop/layout.ts';
import type { ThreadClass } from '../../../replayer/loop/thread-class.ts';

const gap = (part: Partial<RawGap>): RawGap => ({
  at_ns: 100e6,
  length_ns: 5e6,
  where: GAP_WHERE.spin,
  stream: 1,
  waited_ns: 0,
  stolen_ns: 0,
  major_faults: 0,
  minor_faults: 0,
  accounts_ns: 8e6,
  ...part,
});

const cause = (part: Partial<RawGap>, threadClass: ThreadClass = 'other'): string =>
  nameGap(gap(part), threadClass, [3, 7]).cause;

test('a gap is named after what the kernel counted meanwhile', () => {
  assert.equal(cause({ waited_ns: 4e6 }), 'waited-for-cpu');
  assert.equal(cause({ waited_ns: 4e6 }, 'fifo'), 'held-by-scheduler');
  assert.equal(cause({ waited_ns: 4e6 }, 'deadline'), 'held-by-scheduler');
  assert.equal(cause({ stolen_ns: 10e6 }), 'steal');
  assert.equal(cause({ major_faults: 1 }), 'page-fault');
  assert.equal(cause({ where: GAP_WHERE.call }), 'in-call');
  assert.equal(cause({}), 'unknown');
});

test('an account that grew over a long stretch is not put down to one gap', () => {
  assert.equal(cause({ stolen_ns: 10e6, accounts_ns: 900e6 }), 'unknown');
});

test('accounts that the kernel does not keep explain nothing', () => {
  assert.equal(cause({ waited_ns: -1, stolen_ns: -1 }), 'unknown');
});

test('a gap names the stream whose step was next', () => {
  assert.equal(nameGap(gap({}), 'other', [3, 7]).stream, 7);
});

test('steal is read per CPU, in ticks of 10 ms', () => {
  const stat = 'cpu  1 2 3 4 5 6 7 30 0 0\ncpu0 1 1 1 1 1 1 1 10 0 0\ncpu1 1 1 1 1 1 1 1 20 0 0\n';
  assert.equal(stealOf(1, stat), 200e6);
  assert.equal(stealOf(-1, stat), 300e6);
  assert.equal(stealOf(5, stat), -1);
});
