// `--explain`: one request followed through real plans, and through the text that a terminal shows.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ToolError } from '../../../collector/base/index.ts';
import { KIND } from '../../../collector/model/index.ts';
import { explanationText } from '../../../replayer/cli/explain-text.ts';
import { dialects } from '../../../replayer/dialects/index.ts';
import { explain, planFacts } from '../../../replayer/planner/index.ts';
import { parseChain } from '../../../replayer/strategies/chain.ts';
import { realBatch } from '../fixtures.ts';
import { batchesOf, type Row } from '../recording.ts';
import { rowsOf } from '../fixtures.ts';

const vtd = dialects.get('hwpt-vtd-s1');
const batch = realBatch('vtd-fs-strict');
const rows = rowsOf(batch);

void test('explain agrees with the verdict on every row of a real recording', () => {
  for (const text of ['none', 'window', 'window+adjacent', 'flush-queue']) {
    const chain = parseChain(text);
    const { verdict } = planFacts([batch], chain, vtd);
    let exposed = 0;
    let pageNs = 0;
    for (const row of rows) {
      const one = explain([batch], chain, vtd, row.seq);
      if (row.kind === KIND.barrier) {
        assert.equal(one.barrier?.seq, row.seq);
        continue;
      }
      if (one.not_replayable !== undefined) continue;
      assert.ok(one.covered !== undefined, `seq ${row.seq}`);
      const holder = one.barrier?.step;
      if (one.barrier !== undefined && (holder === undefined || holder < one.covered.step))
        exposed++;
      pageNs += row.pages * one.exposed_ns;
    }
    assert.equal(exposed, verdict.requests_exposed, text);
    assert.equal(pageNs, verdict.exposure_page_ns, text);
  }
});

const plain = { stream: 0, page: 0, pages: 0, scope: 0, flags: 0 };
const made: Row[] = [
  { ...plain, seq: 0, tNs: 1000, kind: KIND.iotlb, scope: 2, domain: 5, page: 16, pages: 4 },
  { ...plain, seq: 1, tNs: 3000, kind: KIND.barrier },
  { ...plain, seq: 2, tNs: 9000, kind: KIND.iotlb, scope: 2, domain: 5, page: 20, pages: 1 },
  { ...plain, seq: 3, tNs: 9500, kind: KIND.deviceTlb },
];

void test('the time line says who covers a request, when, and what the guest pays', () => {
  const text = explanationText(
    explain(batchesOf(made), parseChain('window:us=20+adjacent'), vtd, 0),
  );
  assert.match(
    text,
    /seq 0 of stream 0, asked at 0\.000001 s: iotlb domain-range, 0x10000 \+ 4 pages, domain 5/,
  );
  assert.match(text, /entry 1 of 1 covers it: iotlb domain-range, 0x10000 \+ 5 pages/);
  assert.match(text, /barrier 1 is released when step 0 returns; planned stall 18 µs/);
  assert.match(text, /strict: done before the barrier is released/);
});

void test('a deferred plan shows the exposure of the request', () => {
  const text = explanationText(
    explain(batchesOf(made), parseChain('flush-queue:timeout=1ms'), vtd, 0),
  );
  assert.match(text, /released at once, no step holds it back/);
  assert.match(text, /DEFERRED: 4 pages exposed for 998 µs/);
});

void test('a row that is in no plan says why, and one that is not there is a usage error', () => {
  const chain = parseChain('none');
  assert.match(
    explanationText(explain(batchesOf(made), chain, vtd, 3)),
    /the kernel does it with the IOTLB/,
  );
  assert.match(explanationText(explain(batchesOf(made), chain, vtd, 2)), /no barrier follows/);
  assert.throws(
    () => explain(batchesOf(made), chain, vtd, 4),
    (error) =>
      error instanceof ToolError && error.code === 'E_USAGE' && /0 to 3/.test(error.message),
  );
});
