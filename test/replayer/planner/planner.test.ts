// Several chains planned in one pass share what was asked; none may notice the others.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import * as fc from 'fast-check';

import { dialects } from '../../../replayer/dialects/index.ts';
import { planEach, planFacts } from '../../../replayer/planner/index.ts';
import { parseChain } from '../../../replayer/strategies/chain.ts';
import { openChain } from '../../../replayer/strategies/user-strategy.ts';
import { REAL, realBatch } from '../fixtures.ts';
import { batchesOf, cutsOf, recordings } from '../recording.ts';
import { referenceChains } from '../reference/strategies.ts';

const vtd = dialects.get('hwpt-vtd-s1');

void test('chains planned together give the facts and verdicts that each gives alone', () => {
  const texts = fc.subarray(Object.keys(referenceChains), { minLength: 2 });
  fc.assert(
    fc.property(recordings, cutsOf, texts, (rows, cuts, names) => {
      const chains = names.map((name) => parseChain(name));
      const together = planEach(
        batchesOf(rows, cuts),
        chains.map((chain) => ({ chain })),
        vtd,
      );
      const alone = chains.map((chain) => planFacts(batchesOf(rows, cuts), chain, vtd));
      assert.deepEqual(together, alone);
    }),
    { numRuns: 500 },
  );
});

void test('a module that writes into what it is given changes no other chain', async () => {
  const module = new URL('../../../../test/fixtures/strategies/writes-input.js', import.meta.url);
  const writer = await openChain(fileURLToPath(module));
  const none = parseChain('none');
  for (const name of REAL) {
    const batch = realBatch(name);
    const [wrote, before] = planEach([batch], [{ chain: writer }, { chain: none }], vtd);
    assert.equal(wrote.issued_pages, 2 * wrote.requested_pages, name);
    assert.deepEqual(before, planFacts([batch], none, vtd), name);
  }
});
