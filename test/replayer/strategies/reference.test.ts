// Every strategy against its slow, obvious twin, on 1,000 random recordings each, however they are cut
// into batches.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import { parseChain } from '../../../replayer/strategies/chain.ts';
import { strategies } from '../../../replayer/strategies/index.ts';
import { cutsOf, planOf, recordings, type Row, type StreamSteps } from '../recording.ts';
import { referenceChains, requestsOf } from '../reference/strategies.ts';

const RUNS = 1000;

/** Entries in a fixed order where a strategy promises none, free barriers by number. */
function comparable(plan: StreamSteps, anyOrder: boolean): StreamSteps {
  const inOrder = <T>(items: readonly T[]): readonly T[] =>
    [...items].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  return {
    steps: plan.steps.map((step) => ({
      ...step,
      entries: anyOrder ? inOrder(step.entries) : step.entries,
    })),
    free: [...plan.free].sort((a, b) => a.seq - b.seq),
  };
}

function streamsOf(rows: readonly Row[]): ReadonlyMap<number, readonly Row[]> {
  const out = new Map<number, Row[]>();
  for (const row of rows) out.set(row.stream, [...(out.get(row.stream) ?? []), row]);
  return out;
}

for (const [text, change] of Object.entries(referenceChains)) {
  void test(`${text}: equals its slow reference on ${RUNS} random recordings`, () => {
    const chain = parseChain(text);
    const anyOrder = text.includes('aligned');
    fc.assert(
      fc.property(recordings, cutsOf, (rows, cuts) => {
        const { streams } = planOf(rows, chain, cuts);
        for (const [stream, own] of streamsOf(rows)) {
          const wanted = change(requestsOf(own));
          const got = streams.get(stream) ?? { steps: [], free: [] };
          assert.deepEqual(comparable(got, anyOrder), comparable(wanted, anyOrder));
        }
      }),
      { numRuns: RUNS },
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
