// The rule for which two ranges may become one is written once, as `joinKey`; the fast folding of `adjacent`
// keeps it in numbers. Here the two are compared, and the rule with what each field means.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import { KIND, PRESENT, SCOPE } from '../../../collector/model/index.ts';
import { parseChain } from '../../../replayer/strategies/chain.ts';
import { StepBatch } from '../../../replayer/steps/step-batch.ts';

interface Tags {
  readonly kind: number;
  readonly scope: number;
  readonly flags: number;
  readonly domain: number | undefined;
  readonly pasid: number | undefined;
  readonly source: number | undefined;
}

const tags: fc.Arbitrary<Tags> = fc.record({
  kind: fc.constantFrom(KIND.iotlb, KIND.deviceTlb),
  scope: fc.constantFrom(SCOPE.vaddr, SCOPE.vaddr | SCOPE.pasid),
  flags: fc.constantFrom(0, 1, 2, 4, 24),
  domain: fc.constantFrom(undefined, 0, 1),
  pasid: fc.constantFrom(undefined, 0, 1),
  source: fc.constantFrom(undefined, undefined, 0, 1),
});

function pairOf(a: Tags, b: Tags): StepBatch {
  const out = new StepBatch();
  for (const [place, one] of [a, b].entries()) {
    const i = out.nextEntry();
    out.kind[i] = one.kind;
    out.scope[i] = one.scope;
    out.flags[i] = one.flags;
    out.present[i] =
      PRESENT.range |
      (one.domain === undefined ? 0 : PRESENT.domainId) |
      (one.pasid === undefined ? 0 : PRESENT.pasid) |
      (one.source === undefined ? 0 : PRESENT.sourceId);
    // What is not present may hold anything: it must not count.
    out.domainId[i] = one.domain ?? 77 + place;
    out.pasid[i] = one.pasid ?? 88 + place;
    out.sourceId[i] = one.source ?? 99 + place;
    out.page[i] = 4 * place;
    out.pages[i] = 4;
    out.entryFirstSeq[i] = place;
    out.entryLastSeq[i] = place;
  }
  out.commit(0);
  return out;
}

void test('two ranges that touch are joined exactly where their keys are equal', () => {
  const stage = parseChain('none+adjacent').stages[1];
  let joined = 0;
  fc.assert(
    fc.property(tags, tags, fc.boolean(), (a, other, isCopy) => {
      const b = isCopy ? { ...a } : other;
      const input = pairOf(a, b);
      const output = new StepBatch();
      stage.open().push(input, output);
      const isSame = input.joinKey(0) === input.joinKey(1);
      assert.equal(output.entries, isSame ? 1 : 2);
      const alike = (['kind', 'scope', 'flags', 'domain', 'pasid', 'source'] as const).every(
        (field) => a[field] === b[field],
      );
      assert.equal(isSame, alike);
      if (isSame) joined++;
    }),
    { numRuns: 1000 },
  );
  assert.ok(joined > 10, 'some pairs were alike');
});
