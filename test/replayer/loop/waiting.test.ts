import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import { BUSY_SHARE } from '../../../replayer/loop/thread-class.ts';
import { runFake } from '../../support/fake-loop.ts';

const constant = (gapNs: number, forNs: number): number[] =>
  Array.from({ length: Math.floor(forNs / gapNs) }, (_, i) => (i + 1) * gapNs);

test('a real-time thread sleeps a part of every millisecond in which it is not behind', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 20_000, max: 400_000 }),
      fc.integer({ min: 0, max: 5_000 }),
      fc.integer({ min: 0, max: 8_000 }),
      (gapNs, serviceNs, wakeNs) => {
        const dueNs = constant(gapNs, 20e6);
        const { sleeps, output } = runFake({
          dueNs,
          serviceNs: [serviceNs],
          busyShare: BUSY_SHARE,
          maxLeadNs: 100e3,
          clock: { readNs: 50, wakeNs },
        });
        // At least once in each ms; what it costs a step is at most the waking.
        assert.ok(sleeps >= 19);
        const late = output.issuedNs.map((at, i) => at - dueNs[i]);
        assert.ok(late.every((ns) => ns <= 100 + wakeNs + serviceNs));
      },
    ),
    { numRuns: 50 },
  );
});

test('no rest falls on a step that is due: a thread that is behind issues at once', () => {
  const dueNs = constant(1_000, 20e6);
  const { sleeps, output, rows } = runFake({
    dueNs,
    serviceNs: [5_000],
    busyShare: BUSY_SHARE,
    clock: { readNs: 50 },
  });
  assert.ok(sleeps <= 1);
  for (let row = 1; row < rows; row++)
    assert.equal(output.issuedNs[row], output.completedNs[row - 1]);
});

test('a thread without a limit spins before every step that is near', () => {
  const dueNs = constant(20_000, 20e6);
  const { sleeps } = runFake({ dueNs, maxLeadNs: 100e3, clock: { readNs: 50, wakeNs: 1_000 } });
  assert.ok(sleeps <= 1);
});

test('the lead never passes its limit, and grows with what waking costs', () => {
  const dueNs = constant(1e6, 100e6);
  const lead = (wakeNs: number): number =>
    runFake({ dueNs, maxLeadNs: 100e3, clock: { readNs: 50, wakeNs } }).leadNs;
  assert.equal(lead(5e6), 100e3);
  assert.ok(lead(70_000) >= 70_000);
  assert.ok(lead(1_000) < lead(70_000));
});
