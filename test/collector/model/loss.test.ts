// Loss is counted whatever comes, told place by place as far as there is room, and summed beyond that.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import { LossLog, shiftLoss, type LossDetail } from '../../../collector/model/index.ts';

void test('what is told of the losses of each CPU adds up, however many and whenever they are asked for', () => {
  const loss = fc.record({
    cpu: fc.nat(7),
    lost: fc.integer({ min: 1, max: 1000 }),
    isTimed: fc.boolean(),
    isTaken: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(loss, { maxLength: 400 }), (losses) => {
      const log = new LossLog();
      const told: LossDetail[] = [];
      losses.forEach(({ cpu, lost, isTimed, isTaken }, i) => {
        const times = isTimed ? { from_ns: i, to_ns: i + 1 } : {};
        log.addPlace({ at: cpu, unit: 'cpu', lost, reason: 'overrun', ...times });
        if (isTaken) told.push(...log.take());
      });
      told.push(...log.take(), ...log.takeSums());
      for (let cpu = 0; cpu < 8; cpu++) {
        const all = losses.filter((each) => each.cpu === cpu);
        const mine = told.filter((each) => each.at === cpu);
        assert.equal(sum(mine), sum(all));
      }
      assert.equal(log.tally().lost, sum(losses));
      assert.ok(told.length <= 64 + 8);
    }),
  );
});

void test('a damaged log of any length fills no memory: its places are counted beyond the first', () => {
  const log = new LossLog();
  for (let line = 0; line < 10_000; line++) log.add(line, 'line', 'damaged line');
  assert.equal(log.take().length, 64);
  assert.equal(log.takeSums().length, 0);
  assert.deepEqual(log.tally(), { seen: 10_000, kept: 0, lost: 10_000, skipped: 0 });
});

void test('losses with times stay places of their own and move with their recording', () => {
  const log = new LossLog();
  const place: LossDetail = {
    at: 1,
    unit: 'cpu',
    lost: 2,
    reason: 'overrun',
    from_ns: 5,
    to_ns: 9,
  };
  log.addPlace(place);
  log.addPlace({ ...place, from_ns: 20, to_ns: 30 });
  assert.deepEqual(
    log.take().map((each) => shiftLoss(each, 100)),
    [
      { ...place, from_ns: 105, to_ns: 109 },
      { ...place, from_ns: 120, to_ns: 130 },
    ],
  );
});

function sum(losses: readonly { readonly lost: number }[]): number {
  return losses.reduce((total, each) => total + each.lost, 0);
}
