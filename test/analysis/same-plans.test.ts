// Which strategies issue the same in the closed loop: decided on rows drawn as text, r a request and | a barrier, a space
// between doorbells.

import assert from 'node:assert/strict';
import test from 'node:test';

import { isOnePerDoorbell } from '../../analysis/compare/same-plans.ts';
import { ROW, type LoopRows } from '../../replayer/closed-loop/rows.ts';

function rows(drawing: string): LoopRows {
  const all = drawing
    .split(' ')
    .flatMap((doorbell, i) => Array.from(doorbell, (sign) => ({ sign, submission: i + 1 })));
  return {
    count: all.length,
    what: all.map(({ sign }) => (sign === '|' ? ROW.barrier : ROW.request)),
    submission: all.map(({ submission }) => submission),
    stream: all.map(() => 0),
  } as unknown as LoopRows; // only what is looked at
}

test('one request and its barrier under each doorbell: every grouping in the doorbell makes the same calls', () => {
  assert.equal(isOnePerDoorbell([rows('r| r| r|')]), true);
  assert.equal(isOnePerDoorbell([rows('r| r|'), rows('r|')]), true);
  assert.equal(isOnePerDoorbell([rows('r| | r|')]), true, 'a barrier alone makes no call');
});

test('two requests under a doorbell or before a barrier may share a call, so groupings differ', () => {
  assert.equal(isOnePerDoorbell([rows('rr|')]), false);
  assert.equal(isOnePerDoorbell([rows('r r|')]), false);
  assert.equal(isOnePerDoorbell([rows('r|r|')]), false, 'one call per doorbell serves both');
});

test('a barrier that comes with a later doorbell closes an interval later than the request was asked', () => {
  assert.equal(isOnePerDoorbell([rows('r |')]), false);
});
