import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import { WAIT, Waiter } from '../../../replayer/loop/waiter.ts';
import { FakeClock } from '../../support/fake-loop.ts';

/** Runs steps with a gap for `forNs`, as the loop would. Returns the busy share of the worst second. */
function busiestSecond(gapNs: number, serviceNs: number, forNs: number, wakeNs: number): number {
  const clock = new FakeClock({ readNs: 200, wakeNs });
  const waiter = new Waiter(clock, { rests: true, maxLeadNs: 250e3 });
  const busy = new Float64Array(Math.ceil(forNs / 10e6) + 2);
  let slept = 0;
  let bucket = 0;
  waiter.begin(clock.now());
  for (let due = gapNs; clock.atNs < forNs; due += gapNs) {
    for (let now = clock.now(); now < due; now = clock.now()) {
      if (due - now > waiter.state[WAIT.leadNs]) waiter.sleep(due, now);
    }
    clock.atNs += serviceNs;
    if (clock.atNs > waiter.state[WAIT.reviewAtNs]) waiter.review(clock.atNs);
    const at = Math.floor(clock.atNs / 10e6);
    if (at > bucket) {
      busy[at] = clock.atNs - waiter.state[WAIT.sleptNs] - slept;
      slept = clock.atNs - waiter.state[WAIT.sleptNs];
      bucket = at;
    }
  }
  let worst = 0;
  for (let from = 0; from + 100 <= bucket; from++) {
    const sum = busy.subarray(from + 1, from + 101).reduce((a, b) => a + b, 0);
    worst = Math.max(worst, sum / 1e9);
  }
  return worst;
}

test('a real-time thread is never busy for more than 91 % of any second, whatever the load', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2_000, max: 400_000 }),
      fc.integer({ min: 0, max: 60_000 }),
      fc.integer({ min: 0, max: 80_000 }),
      (gapNs, serviceNs, wakeNs) => {
        assert.ok(busiestSecond(gapNs, serviceNs, 3e9, wakeNs) <= 0.91);
      },
    ),
    { numRuns: 15 },
  );
});

test('a thread that may run as it likes never rests', () => {
  const clock = new FakeClock({ readNs: 100 });
  const waiter = new Waiter(clock, { rests: false, maxLeadNs: 250e3 });
  waiter.begin(clock.now());
  for (let i = 0; i < 100; i++) {
    clock.atNs += 50e6;
    waiter.review(clock.atNs);
  }
  assert.equal(waiter.rests, 0);
  assert.deepEqual(clock.sleeps, []);
});

test('the lead rises at once to what waking costs, and falls slowly', () => {
  const late = new FakeClock({ wakeNs: 100e3 });
  const waiter = new Waiter(late, { rests: false, maxLeadNs: 250e3 });
  waiter.begin(0);
  waiter.sleep(1e6, late.now());
  const raised = waiter.state[WAIT.leadNs];
  assert.ok(raised >= 100e3 && raised <= 250e3);
});

test('the lead never passes its limit', () => {
  const clock = new FakeClock({ wakeNs: 5e6 });
  const waiter = new Waiter(clock, { rests: false, maxLeadNs: 20e3 });
  waiter.begin(0);
  for (let i = 1; i < 10; i++) waiter.sleep(i * 20e6, clock.now());
  assert.equal(waiter.state[WAIT.leadNs], 20e3);
});
