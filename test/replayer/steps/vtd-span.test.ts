// The VT-d driver's rounding, against the vectors and against the same rule spelt with BigInt.

import assert from 'node:assert/strict';
import test from 'node:test';

import * as fc from 'fast-check';

import { ALL_PAGES } from '../../../collector/model/index.ts';
import { alignedSpanPages } from '../../../replayer/steps/vtd-span.ts';

/** The smallest aligned power of two that holds both ends, by trying every order. */
function slowSpan(page: bigint, pages: bigint): bigint {
  const last = page + pages - 1n;
  for (let order = 0n; order < 52n; order++)
    if (page >> order === last >> order) return 1n << order;
  return 1n << 52n;
}

test('a range becomes the smallest aligned power of two that holds both its ends', () => {
  const page = fc.bigInt({ min: 0n, max: 2n ** 52n - 1n });
  fc.assert(
    fc.property(page, page, (a, b) => {
      const first = a < b ? a : b;
      const pages = (a < b ? b - a : a - b) + 1n;
      assert.equal(BigInt(alignedSpanPages(Number(first), Number(pages))), slowSpan(first, pages));
    }),
    { numRuns: 2000 },
  );
});

test('two pages across a 2 GiB border become 4 GiB, and everything stays everything', () => {
  assert.equal(alignedSpanPages(0x7ffff, 2), 2 ** 20);
  assert.equal(alignedSpanPages(0xfffa0, 12), 16);
  assert.equal(alignedSpanPages(7, 4), 16);
  assert.equal(alignedSpanPages(0, ALL_PAGES), ALL_PAGES);
});
