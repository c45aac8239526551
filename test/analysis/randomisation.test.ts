// The test that a difference must pass, and its interval: laws, and a slow count of every relabeling.

import assert from 'node:assert/strict';
import test from 'node:test';

import * as fc from 'fast-check';

import { chanceOf, difference, type Round } from '../../analysis/statistics/randomisation.ts';
import { cappedTotals } from '../bench/claims/capped.ts';
import { Random } from '../../collector/base/index.ts';

/** Eighths are exact as doubles, so that sums in another order are the same. */
const value = fc.integer({ min: -40, max: 40 }).map((eighths) => eighths / 8);
const rounds = (arms: number): fc.Arbitrary<readonly Round[]> =>
  fc.array(
    fc.record({ strategy: value, baseline: fc.array(value, { minLength: arms, maxLength: arms }) }),
    { minLength: 1, maxLength: 5 },
  );

/** Every choice of which arm is called the strategy, one after the other. */
function slowP(all: readonly Round[]): number {
  const shiftOf = ({ strategy, baseline }: Round, label: number): number => {
    const arms = [strategy, ...baseline];
    const others = arms.filter((_, i) => i !== label);
    return arms[label] - others.reduce((a, b) => a + b, 0) / others.length;
  };
  const walk = (round: number, sum: number): readonly number[] =>
    round === all.length
      ? [sum]
      : [all[round].strategy, ...all[round].baseline].flatMap((_, label) =>
          walk(round + 1, sum + shiftOf(all[round], label)),
        );
  const sums = walk(0, 0).map(Math.abs);
  return sums.filter((sum) => sum >= sums[0] - 1e-9).length / sums.length;
}

test('p is the share of relabelings that look as extreme', () => {
  fc.assert(
    fc.property(fc.oneof(rounds(1), rounds(2)), (all) => {
      assert.ok(Math.abs(chanceOf(all) - slowP(all)) < 1e-9);
    }),
    { numRuns: 60 },
  );
});

test('the interval holds the estimate, and leaves out no change exactly where p says so', () => {
  fc.assert(
    fc.property(rounds(2), fc.constantFrom(0.5, 0.2, 0.05), (all, alpha) => {
      const { estimate, p, low, high } = difference(all, alpha);
      assert.ok(low <= estimate && estimate <= high);
      if (p > alpha) assert.ok(low <= 0 && high >= 0);
    }),
    { numRuns: 40 },
  );
});

test('a factor moves the estimate and the interval by itself', () => {
  const all = [3, 1, 2, 5, 4, 6].map((x) => ({ strategy: x / 10, baseline: [0.2, 0.3] }));
  const twice = all.map((round) => ({ ...round, strategy: round.strategy + Math.LN2 }));
  const [once, moved] = [difference(all, 0.05), difference(twice, 0.05)];
  for (const name of ['estimate', 'low', 'high'] as const)
    assert.ok(Math.abs(moved[name] - once[name] - Math.LN2) < 1e-6, name);
});

test('few rounds bound nothing: 3 rounds of two arms each have 8 relabelings', () => {
  const all = [1, 1.1, 0.9].map((strategy) => ({ strategy, baseline: [0] }));
  const found = difference(all, 0.05);
  assert.equal(found.p, 0.25);
  assert.equal(found.low, Number.NEGATIVE_INFINITY);
  assert.equal(found.high, Number.POSITIVE_INFINITY);
});

test('the second arm of the baseline lets six rounds decide', () => {
  const all = Array.from({ length: 6 }, (_, i) => ({
    strategy: -0.5 + i / 100,
    baseline: [i / 100, 0.02 + i / 90],
  }));
  assert.ok(difference(all, 0.05 / 3).high < 0);
  const oneArm = all.map(({ strategy, baseline }) => ({ strategy, baseline: [baseline[0]] }));
  assert.equal(difference(oneArm, 0.05 / 3).high, Number.POSITIVE_INFINITY, '64 relabelings');
});

test('five pairs at 0.90 and one at 1.05 are no difference', () => {
  const ratios = [0.9, 0.9, 0.9, 0.9, 0.9, 1.05];
  const found = difference(
    ratios.map((ratio) => ({ strategy: Math.log(ratio), baseline: [0] })),
    0.05,
  );
  assert.ok(found.p > 0.05 && found.high > 0);
});

test('arms without a difference are claimed to differ in 5 % of comparisons, whatever their noise looks like', () => {
  const random = new Random(5);
  // Every 20th replay takes a hundred times as long, as one does that met a gap of the machine.
  const noisy = (): number => Math.log(1 + random.unit() * 0.1) + (random.chance(0.05) ? 4.6 : 0);
  let claimed = 0;
  const comparisons = 400;
  for (let i = 0; i < comparisons; i++) {
    const all = Array.from({ length: 6 }, () => ({
      strategy: noisy(),
      baseline: [noisy(), noisy()],
    }));
    if (chanceOf(all) <= 0.05) claimed++;
  }
  // 5 % of 400 is 20; 34 is three standard deviations above.
  assert.ok(claimed <= 34, `${claimed} of ${comparisons}`);
});

test('a cap cuts what one replay alone took, and leaves what a whole arm takes', () => {
  const arm = (stall: number): readonly number[][] => Array.from({ length: 6 }, () => [stall, 10]);
  const gap = [[27e6, 10]];
  const { totals, removed } = cappedTotals([...arm(10).slice(1), ...gap, ...arm(50)], 2);
  assert.equal(totals[5], 60, 'the gap is cut to what the other arm takes');
  assert.equal(removed[5], 27e6 - 50);
  assert.deepEqual(totals.slice(6), [60, 60, 60, 60, 60, 60]);
});
