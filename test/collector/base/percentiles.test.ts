// The percentile rule against its own words: the ⌈p·n⌉-th smallest, shown where five lie beyond it.

import assert from 'node:assert/strict';
import test from 'node:test';

import * as fc from 'fast-check';

import {
  formatDuration,
  formatSize,
  isShown,
  nearestRank,
  percentiles,
} from '../../../collector/base/index.ts';

const upTo = (count: number): Float64Array => Float64Array.from({ length: count }, (_, i) => i + 1);

test('of the numbers 1 to n percentile p is ⌈p·n⌉', () => {
  assert.equal(nearestRank(upTo(1000), 0.5), 500);
  assert.equal(nearestRank(upTo(1000), 0.99), 990);
  assert.equal(nearestRank(upTo(1001), 0.99), 991);
  assert.equal(
    nearestRank(upTo(700), 0.99),
    693,
    '0.99 × 700 is a little more than 693 as doubles',
  );
  assert.equal(nearestRank(upTo(11), 0.5), 6);
});

test('at least p·n values are no greater, and fewer than p·n are smaller', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 10, maxLength: 2000 }),
      fc.integer({ min: 1, max: 999 }),
      (values, thousandths) => {
        const sorted = Float64Array.from(values).sort();
        const value = nearestRank(sorted, thousandths / 1000);
        // In thousandths, so that the check itself is exact.
        const isEnough = sorted.length * (1000 - thousandths) >= 5000;
        assert.equal(value !== null, isEnough);
        if (value === null) return;
        const atMost = sorted.filter((one) => one <= value).length;
        const below = sorted.filter((one) => one < value).length;
        assert.ok(atMost * 1000 >= thousandths * sorted.length);
        assert.ok(below * 1000 < thousandths * sorted.length);
      },
    ),
  );
});

test('a percentile is shown from five values beyond it on, and a maximum from one value on', () => {
  assert.equal(isShown(0.5, 9), false);
  assert.equal(isShown(0.5, 10), true);
  assert.equal(isShown(0.99, 499), false);
  assert.equal(isShown(0.99, 500), true);
  assert.deepEqual(percentiles(upTo(6)), { p50: null, p90: null, p99: null, p999: null, max: 6 });
  assert.equal(percentiles(upTo(4999)).p999, null);
  assert.equal(percentiles(upTo(5000)).p999, 4995);
});

test('no samples is not zero', () => {
  const none = { p50: null, p90: null, p99: null, p999: null, max: null };
  assert.deepEqual(percentiles(new Float64Array(0)), none);
});

test('what rounds to a thousand of a unit is printed as one of the next', () => {
  assert.equal(formatDuration(999.7e3), '1 ms');
  assert.equal(formatDuration(999.4e3), '999 µs');
  assert.equal(formatDuration(999.6), '1 µs');
  assert.equal(formatDuration(null), '–');
  assert.equal(formatSize(1023.9 * 1024), '1 MiB');
  assert.equal(formatSize(1011 * 1024), '1,011 KiB');
  assert.equal(formatSize(2.5 * 1024 ** 2), '2.5 MiB');
});
