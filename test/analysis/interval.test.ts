// Medians, intervals and when a difference is said to hold.

import assert from 'node:assert/strict';
import test from 'node:test';

import * as fc from 'fast-check';

import {
  ENOUGH_REPEATS,
  compareSamples,
  medianInterval,
} from '../../analysis/statistics/interval.ts';
import { Random, median, shuffled } from '../../collector/base/index.ts';

const samples = fc.array(fc.double({ min: 1, max: 1e9, noNaN: true }), {
  minLength: 1,
  maxLength: 12,
});

test('the interval holds the median and stays inside the samples', () => {
  fc.assert(
    fc.property(samples, (values) => {
      const [low, high] = medianInterval(values);
      const middle = median(values);
      assert.ok(low <= middle && middle <= high);
      assert.ok(low >= Math.min(...values) && high <= Math.max(...values));
    }),
    { numRuns: 50 },
  );
});

test('a strategy compared with itself has ratio 1 and no difference that holds', () => {
  fc.assert(
    fc.property(samples, (values) => {
      const value = compareSamples(values, values);
      assert.equal(value.ratio, 1);
      assert.equal(value.holds, false);
    }),
    { numRuns: 50 },
  );
});

test('a difference holds only with enough repeats, and only when every resample agrees', () => {
  const base = Array.from({ length: ENOUGH_REPEATS }, (_, i) => 100 + i);
  const half = base.map((value) => value / 2);
  assert.equal(compareSamples(half, base).holds, true);
  assert.equal(compareSamples(half.slice(1), base.slice(1)).holds, false);
  const mixed = base.map((value, i) => (i % 2 === 0 ? value / 2 : value * 2));
  assert.equal(compareSamples(mixed, base).holds, false);
});

test('a baseline of zero gives no ratio rather than an infinite one', () => {
  const value = compareSamples([1, 2, 3], [0, 0, 0]);
  assert.equal(value.ratio, null);
  assert.equal(value.holds, false);
});

test('the order of a round is a permutation, and the same for the same seed', () => {
  fc.assert(
    fc.property(fc.array(fc.nat()), fc.nat(), (items, seed) => {
      const once = shuffled(items, new Random(seed));
      assert.deepEqual(once, shuffled(items, new Random(seed)));
      const ascending = (a: number, b: number): number => a - b;
      assert.deepEqual([...once].sort(ascending), [...items].sort(ascending));
    }),
  );
});
