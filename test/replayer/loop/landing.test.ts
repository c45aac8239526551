import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import { measurePace } from '../../../replayer/loop/landing.ts';
import { FakeClock, runFake } from '../../support/fake-loop.ts';

const READ_NS = 50;
const STEPS = 2_000;

/** Due times that fall anywhere between two readings. */
const dueTimes = fc
  .array(fc.integer({ min: 1_000, max: 20_000 }), { minLength: STEPS, maxLength: STEPS })
  .map((gaps) => {
    let at = 0;
    return gaps.map((gap) => (at += gap));
  });

function lateness(dueNs: readonly number[], pace: { readNs: number; turnNs: number }): number[] {
  const { output } = runFake({ dueNs, pace, clock: new FakeClock({ readNs: READ_NS }) });
  return dueNs.map((due, i) => output.issuedNs[i] - due);
}

const middle = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1];

test('the last reading comes a fraction of a reading after the due time, and never before it', () => {
  fc.assert(
    fc.property(dueTimes, (dueNs) => {
      const late = lateness(dueNs, { readNs: READ_NS, turnNs: 1 });
      assert.ok(late.every((ns) => ns >= 0 && ns <= 2 * READ_NS));
      assert.ok(middle(late) <= READ_NS / 8);
    }),
    { numRuns: 20 },
  );
});

test('a pace that was measured wrongly is made good on the way', () => {
  fc.assert(
    fc.property(
      dueTimes,
      fc.integer({ min: READ_NS / 2, max: 2 * READ_NS }),
      fc.double({ min: 0.7, max: 1.4, noNaN: true }),
      (dueNs, readNs, turnNs) => {
        const late = lateness(dueNs, { readNs, turnNs });
        assert.ok(late.every((ns) => ns >= 0));
        assert.ok(middle(late.slice(STEPS / 2)) < READ_NS / 3);
      },
    ),
    { numRuns: 20 },
  );
});

test('without a due time near enough nothing is aimed, and a step that is late is issued at once', () => {
  const { output } = runFake({
    dueNs: [0, 10, 20],
    serviceNs: [5_000],
    clock: new FakeClock({ readNs: READ_NS }),
  });
  assert.equal(output.issuedNs[1], output.completedNs[0]);
  assert.equal(output.issuedNs[2], output.completedNs[1]);
});

test('the pace of a clock is its best reading and its best turn', () => {
  const clock = new FakeClock({ readNs: 37 });
  let calls = 0;
  const pace = measurePace(clock, (turns) => {
    clock.atNs += turns * (calls++ % 3 === 0 ? 2 : 5);
  });
  assert.equal(pace.readNs, 37);
  assert.ok(Math.abs(pace.turnNs - 2) < 0.1);
});
