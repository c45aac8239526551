// A dialect says of an entry that it widens just where the pages in its bytes are more than were asked.

import assert from 'node:assert/strict';
import test from 'node:test';

import * as fc from 'fast-check';

import { ALL_PAGES, FLAG } from '../../../collector/model/index.ts';
import { dialects } from '../../../replayer/dialects/index.ts';
import { decodedSmmu, decodedVtd, say, stepsOf } from './entries.ts';

const u64 = (bytes: Uint8Array, at: number): number =>
  Number(new DataView(bytes.buffer).getBigUint64(at, true));

/** Pages that the rows name in sum; one without a range is everything. */
function decodedPages({ count, present, pages }: ReturnType<typeof decodedSmmu>): number {
  let sum = 0;
  for (let row = 0; row < count; row++) sum += (present[row] & 8) === 0 ? ALL_PAGES : pages[row];
  return Math.min(sum, ALL_PAGES);
}

/** Pages in the bytes of an entry. */
const pagesSaid: Readonly<Record<string, (bytes: Uint8Array) => number>> = {
  'hwpt-vtd-s1': (bytes) => Math.min(u64(bytes, 8), ALL_PAGES),
  'viommu-arm-smmuv3': (bytes) => decodedPages(decodedSmmu(bytes)),
  unmap: (bytes) => Math.min(u64(bytes, 8) / 4096, ALL_PAGES),
  'vfio-rfc-generic': (bytes) => (u64(bytes, 24) === 0 ? ALL_PAGES : u64(bytes, 24) / 4096),
  'vfio-rfc-opaque': (bytes) => decodedPages(decodedVtd(bytes.slice(16))),
};

const page = fc.oneof(
  fc.integer({ min: 0, max: 2 ** 30 }),
  fc.maxSafeInteger().map((n) => Math.abs(n) % ALL_PAGES),
  fc.integer({ min: 0, max: 8 }).map((below) => ALL_PAGES - 1 - below),
);
const pages = fc.oneof(
  fc.integer({ min: 1, max: 700 }),
  fc.integer({ min: 2 ** 31 - 5, max: 2 ** 31 + 5 }),
  fc.integer({ min: -5, max: 5 }).map((off) => 2 ** 32 + off),
  fc.maxSafeInteger().map((n) => (Math.abs(n) % ALL_PAGES) + 1),
);

for (const [name, said] of Object.entries(pagesSaid)) {
  test(`${name}: an entry is widened where its bytes name more pages than it, and only there`, () => {
    fc.assert(
      fc.property(page, pages, fc.constantFrom(0, FLAG.leaf), (first, count, flags) => {
        const asked = { domain: 5, pasid: 7, page: first, pages: count, flags };
        const { bytes, widened } = say(dialects.get(name), stepsOf([asked]));
        assert.ok(said(bytes) >= count);
        assert.equal(widened, said(bytes) > count);
      }),
      { numRuns: 2000 },
    );
  });
}
