// What dialect 'unmap' can't do honestly: it leaves pages out, which is counted and must be allowed, and it
// takes away the mappings of pages that nobody asked for, which breaks a plan.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ToolError } from '../../../collector/base/index.ts';
import { KIND, SCOPE } from '../../../collector/model/index.ts';
import { dialects } from '../../../replayer/dialects/index.ts';
import { planFacts, planTrace, refuseNarrowed } from '../../../replayer/planner/index.ts';
import { parseChain } from '../../../replayer/strategies/chain.ts';
import { batchesOf, type Row } from '../recording.ts';

const unmap = dialects.get('unmap');
const vtd = dialects.get('hwpt-vtd-s1');

/** A request for `pages` pages from `page` on, and its barrier; no page is a whole domain. */
function ask(requests: readonly (readonly [page: number, pages: number])[]): readonly Row[] {
  return requests.flatMap(([page, pages], i): Row[] => [
    {
      seq: 2 * i,
      tNs: 2000 * i,
      stream: 0,
      kind: KIND.iotlb,
      scope: pages === 0 ? 0 : SCOPE.vaddr,
      flags: 0,
      domain: 1,
      page,
      pages,
    },
    {
      seq: 2 * i + 1,
      tNs: 2000 * i + 1,
      stream: 0,
      kind: KIND.barrier,
      scope: 0,
      flags: 0,
      page: 0,
      pages: 0,
    },
  ]);
}

const SMALL = [0, 8] as const;
const LARGE = [4096, 1500] as const;
const WHOLE = [0, 0] as const;

void test('ranges of up to 1,024 pages are unmapped whole: strict, nothing left out', () => {
  const facts = planFacts(batchesOf(ask([SMALL])), parseChain('none'), unmap);
  assert.equal(facts.verdict.class, 'strict');
  assert.deepEqual([facts.narrowed, facts.narrowed_unbounded], [0, 0]);
  refuseNarrowed(facts, false);
});

void test('pages beyond 1,024 and whole domains are counted as left out, and the verdict is narrowed', () => {
  const facts = planFacts(batchesOf(ask([SMALL, LARGE, WHOLE])), parseChain('none'), unmap);
  assert.deepEqual([facts.narrowed, facts.narrowed_unbounded], [1500 - 1024, 1]);
  assert.equal(facts.verdict.class, 'narrowed');
  assert.throws(
    () => refuseNarrowed(facts, false),
    (error) =>
      error instanceof ToolError &&
      /leaves out 476 pages and all but one page of 1 whole domains; nothing was issued/.test(
        error.message,
      ) &&
      /--allow-narrowed/.test(error.hint ?? ''),
  );
  refuseNarrowed(facts, true);
  const same = planFacts(batchesOf(ask([SMALL, LARGE, WHOLE])), parseChain('none'), vtd);
  assert.equal(same.verdict.class, 'strict', 'VT-d says all of them');
});

void test('an entry wider than what was asked is broken with unmap, and fine where it only costs misses', () => {
  const rows = ask([[3, 2]]);
  const chain = parseChain('none+aligned');
  assert.equal(planFacts(batchesOf(rows), chain, vtd).verdict.class, 'strict');
  const { verdict } = planFacts(batchesOf(rows), chain, unmap);
  assert.equal(verdict.class, 'broken');
  assert.equal(verdict.broken_requests, 1);
  assert.equal(verdict.broken[0].seq, 0);
  assert.match(verdict.broken[0].reason, /take mappings away/);
  assert.throws(() => planTrace(batchesOf(rows), chain, unmap), /makes a broken plan/);
});

void test('joining ranges that touch is no widening: it stays strict with unmap', () => {
  const rows = [
    ...ask([[0, 4]]).slice(0, 1),
    ...ask([
      [0, 4],
      [4, 4],
    ]).slice(2),
  ].map((row, seq) => ({
    ...row,
    seq,
  }));
  const facts = planFacts(batchesOf(rows), parseChain('adjacent'), unmap);
  assert.deepEqual([facts.entries, facts.verdict.class], [1, 'strict']);
});

void test('the granule of the ranges is in the facts, null where there are several', () => {
  const flags = [0, 32, 64];
  const granules = flags.map((bits) => {
    const rows = ask([[16, 16]]).map((row) => ({
      ...row,
      flags: row.kind === KIND.iotlb ? bits : 0,
    }));
    return planFacts(batchesOf(rows), parseChain('none'), dialects.get('viommu-arm-smmuv3'))
      .granule_bytes;
  });
  assert.deepEqual(granules, [4096, 16_384, 65_536]);
  const mixed = ask([
    [16, 16],
    [32, 16],
  ]).map((row) => ({ ...row, flags: row.seq === 0 ? 64 : 0 }));
  assert.equal(planFacts(batchesOf(mixed), parseChain('none'), vtd).granule_bytes, null);
});
