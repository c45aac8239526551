// A dialect that says it reads no captured words must refuse the same rows without them.

import assert from 'node:assert/strict';
import test from 'node:test';

import { openTrace } from '../../../collector/format/index.ts';
import { dialects } from '../../../replayer/dialects/index.ts';
import { planFacts } from '../../../replayer/planner/index.ts';
import { parseChain } from '../../../replayer/strategies/chain.ts';
import { workloads } from '../../lab/workloads.ts';
import { recordedPath } from '../fixtures.ts';

for (const dialect of dialects.entries) {
  test(`${dialect.name}: plans alike with and without the words that it says it does not read`, () => {
    for (const name of workloads.names) {
      const facts = (words: boolean): object => {
        using reader = openTrace(recordedPath(name), { words });
        return planFacts(reader.batches(), parseChain('none'), dialect);
      };
      assert.deepEqual(facts(dialect.readsWords), facts(true), name);
    }
  });
}
