// One rule for where a call ends, counted in commands: groups and `drain` cut alike.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { FLAG, KIND, PRESENT, SCOPE, EventBuilder } from '../../../collector/model/index.ts';
import { fits } from '../../../replayer/closed-loop/cut.ts';
import { LoopRowSource } from '../../../replayer/closed-loop/loop-rows.ts';
import { simulate } from '../../../replayer/closed-loop/simulate.ts';
import { Submissions } from '../../../replayer/closed-loop/submissions.ts';
import { dialects } from '../../../replayer/dialects/index.ts';
import type { Grouping } from '../../../replayer/strategies/grouping.ts';

const ENTRIES = 200;
const MOST = 64;
const smmu = dialects.get('viommu-arm-smmuv3');

/** One doorbell with 200 requests of 33 pages: two commands each (32 pages, then one). */
function submissions(): Submissions {
  const out = new EventBuilder();
  for (let i = 0; i <= ENTRIES; i++) {
    const row = out.next(1000, 0);
    out.submission[row] = 1;
    out.kind[row] = i === ENTRIES ? KIND.barrier : KIND.iotlb;
    if (i === ENTRIES) continue;
    out.scope[row] = SCOPE.vaddr | SCOPE.pasid;
    out.flags[row] = FLAG.leaf;
    out.present[row] = PRESENT.range | PRESENT.pasid;
    out.pasid[row] = 1;
    out.page[row] = 100 * i;
    out.pages[row] = 33;
  }
  const rows = new LoopRowSource(smmu, { index: () => 0 }).take(out);
  assert.deepEqual([...new Set(Array.from(rows.commands).slice(0, ENTRIES))], [2]);
  const made = new Submissions();
  made.push(rows);
  made.end();
  return made;
}

const calls = (grouping: Grouping): number =>
  simulate({
    submissions: submissions(),
    grouping,
    options: { serial: 'cpu', servers: 'stream', exitNs: 0, pollNs: 0 },
    service: () => 1000,
  }).calls;

void test('200 entries of two commands and at most 64 commands make 7 calls, whatever cuts them', () => {
  const wanted = Math.ceil(ENTRIES / (MOST / 2));
  assert.equal(wanted, 7);
  const window = { kind: 'window', widthNs: 50_000, maxCommands: MOST, early: true } as const;
  assert.equal(calls({ kind: 'drain', maxCommands: MOST }), wanted);
  assert.equal(calls({ ...window, thenDrain: false }), wanted);
  assert.equal(calls({ ...window, thenDrain: true }), wanted);
  assert.equal(calls({ kind: 'interval', maxCommands: MOST }), wanted);
});

void test('the first entry goes whole, also where it is larger than the most', () => {
  assert.ok(fits(0, 100, MOST));
  assert.ok(fits(62, 2, MOST));
  assert.ok(!fits(63, 2, MOST));
});
