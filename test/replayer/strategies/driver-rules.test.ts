// What drivers make of a range, against vectors taken from the drivers themselves.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import * as fc from 'fast-check';

import { alignedSpanPages } from '../../../replayer/steps/vtd-span.ts';
import { nextChunkPages, smmuTtl, splitSmmuRange } from '../../../replayer/steps/smmu-split.ts';

interface SplitCase {
  readonly id: string;
  readonly iova: string;
  readonly size: string;
  readonly granule_lg2: number;
  readonly tg_lg2: number;
  readonly leaf: number;
  readonly cmds: readonly {
    readonly addr: string;
    readonly num: number;
    readonly scale: number;
    readonly ttl: number;
  }[];
}

interface Vectors {
  readonly smmuv3_range_split: { readonly cases: readonly SplitCase[] };
  readonly vtd_psi_alignment: {
    readonly cases: readonly {
      readonly start: string;
      readonly last: string;
      readonly addr: string;
      readonly order: number;
    }[];
  };
}

const vectors = JSON.parse(
  readFileSync(new URL('../../../../test/fixtures/driver-rules.json', import.meta.url), 'utf8'),
) as Vectors; // our own fixture

for (const one of vectors.smmuv3_range_split.cases.filter((item) => item.tg_lg2 === 12)) {
  void test(`smmu-range: ${one.id} becomes the driver's commands`, () => {
    const leaf = one.leaf === 1;
    const chunks = splitSmmuRange(
      Number(BigInt(one.iova) >> 12n),
      Number(BigInt(one.size) >> 12n),
      leaf,
    );
    assert.deepEqual(
      chunks.map((chunk) => ({
        addr: `0x${(BigInt(chunk.page) << 12n).toString(16)}`,
        num: chunk.num,
        scale: chunk.scale,
        ttl: leaf ? smmuTtl(one.granule_lg2) : 0,
      })),
      one.cmds.map(({ addr, num, scale, ttl }) => ({ addr, num, scale, ttl })),
    );
  });
}

void test('smmu-range: chunks are side by side, each one command, and at most one page too many', () => {
  fc.assert(
    fc.property(
      fc.nat(2 ** 30),
      fc.integer({ min: 1, max: 2 ** 40 }),
      fc.boolean(),
      (page, pages, leaf) => {
        let at = page;
        for (const chunk of splitSmmuRange(page, pages, leaf)) {
          assert.equal(chunk.page, at);
          assert.equal(nextChunkPages(chunk.pages), chunk.pages);
          assert.equal((chunk.num + 1) * 2 ** chunk.scale, chunk.pages);
          assert.equal((chunk.num + 1) * 2 ** chunk.scale, chunk.pages);
          assert.ok(leaf || chunk.num + chunk.scale > 0, 'the reserved combination');
          at += chunk.pages;
        }
        assert.equal(at, page + pages + (!leaf && pages % 32 === 1 ? 1 : 0));
      },
    ),
    { numRuns: 1000 },
  );
});

for (const one of vectors.vtd_psi_alignment.cases) {
  const start = BigInt(one.start);
  const last = BigInt(one.last);
  if (last < start) continue; // an empty range never reaches a plan
  void test(`aligned: ${one.start} to ${one.last} becomes a block of order ${one.order}`, () => {
    const page = Number(start >> 12n);
    const pages = Number((last >> 12n) - (start >> 12n)) + 1;
    const span = alignedSpanPages(page, pages);
    assert.equal(span, 2 ** one.order);
    assert.equal(BigInt(page - (page % span)) << 12n, BigInt(one.addr));
  });
}
