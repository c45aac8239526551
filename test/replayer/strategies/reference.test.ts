// Every strategy against its slow, obvious twin, on 1,000 random recordings each, however they are cut
// into batches.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import { KIND, SCOPE } from '../../../collector/model/index.ts';
import { parseChain } from '../../../replayer/strategies/chain.ts';
import { strategies } from '../../../replayer/strategies/index.ts';
import { cutsOf, planOf, recordings, type Row, type StreamSteps } from '../recording.ts';
import { referenceChains, requestsOf } from '../reference/strategies.ts';

const RUNS = 1000;

/** Free barriers by number: strategies name them as they learn of them. Without what only references know. */
const comparable = (plan: StreamSteps): StreamSteps => ({
  steps: plan.steps.map(({ dueNs, entries, releases }) => ({ dueNs, entries, releases })),
  free: [...plan.free].sort((a, b) => a.seq - b.seq),
});

function streamsOf(rows: readonly Row[]): ReadonlyMap<number, readonly Row[]> {
  const out = new Map<number, Row[]>();
  for (const row of rows) out.set(row.stream, [...(out.get(row.stream) ?? []), row]);
  return out;
}

for (const [text, change] of Object.entries(referenceChains)) {
  void test(`${text}: equals its slow reference on ${RUNS} random recordings`, () => {
    const chain = parseChain(text);
    fc.assert(
      fc.property(recordings, cutsOf, (rows, cuts) => {
        const { streams } = planOf(rows, chain, cuts);
        for (const [stream, own] of streamsOf(rows)) {
          const wanted = change(requestsOf(own));
          const got = streams.get(stream) ?? { steps: [], free: [] };
          assert.deepEqual(comparable(got), comparable(wanted));
        }
      }),
      { numRuns: RUNS },
    );
  });
}

/** One interval that holds more ranges than are put in order one by one. */
const longIntervals = fc
  .array(
    fc.record({
      domain: fc.constantFrom(1, 1, 1, 2),
      page: fc.integer({ min: 0, max: 2000 }),
      pages: fc.constantFrom(1, 1, 2, 3, 4, 8),
    }),
    { minLength: 60, maxLength: 400, size: 'max' },
  )
  .map((items) =>
    items.map(({ domain, page, pages }, seq): Row => {
      const range = { kind: KIND.iotlb, scope: SCOPE.vaddr, flags: 0, domain, page, pages };
      return { ...range, seq, stream: 0, tNs: seq };
    }),
  );

for (const text of ['adjacent', 'aligned', 'promote', 'smmu-range']) {
  void test(`${text}: equals its slow reference on intervals of up to 400 ranges`, () => {
    fc.assert(
      fc.property(longIntervals, (rows) => {
        const got = planOf(rows, parseChain(text)).streams.get(0) ?? { steps: [], free: [] };
        const wanted = referenceChains[text](requestsOf(rows));
        assert.deepEqual(comparable(got), comparable(wanted));
      }),
      { numRuns: 100, endOnFailure: true }, // shrinking 400 ranges takes minutes
    );
  });
}

void test('every built-in strategy has a slow reference', () => {
  for (const name of strategies.names) {
    const known = Object.keys(referenceChains).some((chain) => chain.split(/[:+]/)[0] === name);
    const inside = Object.keys(referenceChains).some((chain) => chain.split(/[:+]/).includes(name));
    assert.ok(known || inside, `${name} has none`);
  }
});
