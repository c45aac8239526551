// Strategies in the closed loop on real and random recordings: the independent check finds every run possible
// and, where nothing is released early, strict; a planted fault of the loop is found.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { Submissions } from '../../../replayer/closed-loop/submissions.ts';
import { dialects } from '../../../replayer/dialects/index.ts';
import { runLoop } from '../../../replayer/simulation/loop-run.ts';
import { openService } from '../../../replayer/simulation/service.ts';
import { parseChain } from '../../../replayer/strategies/chain.ts';
import { loopOptions, randomRows } from '../closed-loop/random-rows.ts';

const dialect = dialects.get('hwpt-vtd-s1');
const NESTED = { mapsTrap: false, extraPagesDestroy: false };

const chains = [
  'none',
  'barrier',
  'doorbell',
  'eager',
  'drain',
  'drain:max=3',
  'window:us=0.02',
  'window:us=0.02,early=0',
  'window:us=0.02+drain',
  'window:us=0.02+adjacent',
  'adjacent',
  'aligned',
].map((text) => parseChain(text));

void test('every run on random recordings is possible and strict, and carries each request', () => {
  fc.assert(
    fc.property(
      randomRows,
      loopOptions,
      fc.constantFrom(...chains),
      fc.constantFrom('1ns', '20ns+3ns/entry'),
      (rows, options, chain, service) => {
        const submissions = new Submissions();
        submissions.push(rows);
        submissions.end();
        const { possible, issued, totals } = runLoop(chain, {
          submissions,
          options,
          service: openService(service, dialect),
          dialect,
          rules: NESTED,
        });
        assert.deepEqual(possible.where, []);
        if (issued === undefined) return;
        assert.deepEqual(issued.check.brokenNamed, []);
        assert.equal(issued.check.verdictClass, 'strict');
        assert.ok(issued.tally.count === totals.calls);
      },
    ),
    { numRuns: 2000 },
  );
});
