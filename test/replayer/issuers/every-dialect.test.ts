// Contract of dialects and issuers: walked over the registries, so a new entry is tested the day it is added.

import assert from 'node:assert/strict';
import test from 'node:test';

import { commandsOf, dialects } from '../../../replayer/dialects/index.ts';
import { issuers } from '../../../replayer/issuers/index.ts';
import { NO_WORD } from '../../../replayer/calls/call-program.ts';
import { recordingIssuer } from '../../../replayer/issuers/recording.ts';
import { planTrace } from '../../../replayer/planner/index.ts';
import { parseChain } from '../../../replayer/strategies/chain.ts';
import { REAL, realBatch } from '../fixtures.ts';

test('every issuer carries only dialects that exist, and every dialect has an issuer that reaches a kernel', () => {
  for (const issuer of issuers.entries)
    for (const name of issuer.dialects) assert.ok(dialects.find(name) !== undefined, name);
  for (const dialect of dialects.entries) {
    const carriers = issuers.entries.filter((issuer) => issuer.dialects.includes(dialect.name));
    assert.ok(
      carriers.some((issuer) => issuer.provenances.includes('lab')),
      dialect.name,
    );
    assert.ok(
      carriers.includes(issuers.get('null')) && carriers.includes(issuers.get('recording')),
    );
  }
});

for (const dialect of dialects.entries) {
  test(`${dialect.name}: nothing of a real recording is dropped, in plan or in calls`, () => {
    for (const name of REAL) {
      // What widens would take mappings away with a dialect that unmaps.
      const wide = dialect.unmapsWhatItCovers === true ? [] : ['promote:pages=4,entries=8'];
      for (const strategy of ['none', 'adjacent', ...wide]) {
        const plan = planTrace([realBatch(name)], parseChain(strategy), dialect);
        const { facts } = plan;
        const left = Object.values(facts.not_replayable).reduce((sum, count) => sum + count, 0);
        assert.equal(facts.replayable + left, facts.requests);
        const session = recordingIssuer.open();
        for (const { steps } of plan.streams) {
          const program = session.prepare(steps, dialect);
          let commands = 0;
          for (let i = 0; i < steps.entries; i++) commands += commandsOf(dialect, steps, i);
          const asked = program.entries.reduce((sum, count) => sum + count, 0);
          assert.equal(asked, commands);
          assert.equal(program.fanout, commands - steps.entries);
          assert.equal(program.stepCallEnd[steps.steps - 1], program.calls);
          const end = program.memory.address + program.memory.bytes.length;
          for (let call = 0; call < program.calls; call++) {
            assert.ok(program.argument[call] >= program.memory.address);
            assert.ok(program.argument[call] < end);
            const word = program.doneWord[call];
            assert.ok(word === NO_WORD || word < program.memory.words.length);
          }
        }
      }
    }
  });
}
