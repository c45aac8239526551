import assert from 'node:assert/strict';
import { test } from 'node:test';

import { issueError } from './error.ts';

const COUNT = 5_000;
const times = (of: (i: number) => number): Float64Array =>
  Float64Array.from({ length: COUNT }, (_, i) => of(i));
const dueNs = times((i) => i * 50_000);

test('what a peer stamped is measured from its own start', () => {
  const error = issueError({ dueNs, issuedNs: dueNs.map((due) => due + 70) }, false);
  assert.equal(error.p50_ns, 70);
  assert.equal(error.max_ns, 70);
  assert.equal(error.gap_p50_ns, 0);
  assert.equal(error.drift_ns, 0);
});

test('an observer finds the start although the first requests were late', () => {
  const issuedNs = dueNs.map((due, i) => due + 1e6 + (i < 500 ? 40_000 : 0));
  const error = issueError({ dueNs, issuedNs }, true);
  assert.equal(error.p50_ns, 0);
  assert.equal(error.share_over_10us, 0.1);
});

test('one late last step is drift of the step, not of the median; a slow clock is both', () => {
  const late = dueNs.map((due, i) => due + (i === COUNT - 1 ? 90_000 : 0));
  const once = issueError({ dueNs, issuedNs: late }, false);
  assert.equal(once.drift_ns, 90_000);
  assert.equal(once.median_drift_ns, 0);
  const slow = issueError({ dueNs, issuedNs: dueNs.map((due) => due * 1.001) }, false);
  assert.ok(slow.median_drift_ns > 190_000 && slow.drift_ns > 240_000);
});
