// Value, ratio and interval of a cell come from one estimator, and what is exact is not called noise.

import assert from 'node:assert/strict';
import test from 'node:test';

import * as fc from 'fast-check';

import {
  baselineValue,
  compareMetric,
  detectable,
} from '../../analysis/statistics/compare-metric.ts';

const rules = { alpha: 0.05, isExact: false };
const times = fc.array(fc.double({ min: 1, max: 1e9, noNaN: true }), {
  minLength: 1,
  maxLength: 6,
});

test('the ratio is the value divided by the value of the baseline', () => {
  fc.assert(
    fc.property(times, fc.nat(), (samples, turn) => {
      const baseline = [samples, samples.map((_, i) => samples[(i + turn) % samples.length] * 1.5)];
      const strategy = samples.map((sample, i) => sample * (1 + i));
      const value = compareMetric({ strategy, baseline }, rules);
      const base = baselineValue(baseline, false);
      assert.ok(value.ratio !== null);
      assert.ok(Math.abs(value.ratio / (value.value / base.value) - 1) < 1e-9);
    }),
    { numRuns: 50 },
  );
});

test('an exact count differs exactly, with one repeat', () => {
  const value = compareMetric(
    { strategy: [500], baseline: [[1000], [1000]] },
    { alpha: 0.05, isExact: true },
  );
  assert.deepEqual([value.ratio, value.ratio_low, value.ratio_high], [0.5, 0.5, 0.5]);
  assert.equal(value.found, true);
  const same = compareMetric(
    { strategy: [1000], baseline: [[1000]] },
    { alpha: 0.05, isExact: true },
  );
  assert.equal(same.ratio, 1);
  assert.equal(same.found, false);
});

test('one repeat of a time has a ratio and no interval', () => {
  const value = compareMetric({ strategy: [30], baseline: [[100]] }, rules);
  assert.equal(value.ratio?.toFixed(6), '0.300000');
  assert.deepEqual([value.ratio_low, value.ratio_high, value.found], [null, null, false]);
  assert.equal(detectable(value), null);
});

test('a baseline of 0 gives no ratio; 0 beside 0 is the same', () => {
  assert.equal(compareMetric({ strategy: [1, 2], baseline: [[0, 0]] }, rules).ratio, null);
  assert.equal(compareMetric({ strategy: [0, 0], baseline: [[0, 0]] }, rules).ratio, 1);
  assert.equal(
    compareMetric({ strategy: [5], baseline: [[0]] }, { alpha: 0.05, isExact: true }).found,
    true,
  );
});
