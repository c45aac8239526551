import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import { EventBuilder, KIND, type EventBatch } from '../../../collector/model/index.ts';
import { WHOLE, cutBatches, type Cut } from '../../../replayer/planner/cut.ts';

/** Rows by time; a negative one is a barrier at that time. Batches of three. */
function batchesOf(times: readonly number[]): readonly EventBatch[] {
  const out: EventBatch[] = [];
  for (let from = 0; from < times.length; from += 3) {
    const builder = new EventBuilder(4);
    builder.firstSeq = from;
    for (const time of times.slice(from, from + 3)) {
      const row = builder.next(Math.abs(time), 0);
      builder.kind[row] = time < 0 ? KIND.barrier : KIND.iotlb;
    }
    out.push(builder);
  }
  return out;
}

/** Sequence numbers that are left. */
function cut(times: readonly number[], part: Partial<Cut>): readonly number[] {
  return [...cutBatches(batchesOf(times), { ...WHOLE, ...part })].flatMap((batch) =>
    Array.from({ length: batch.count }, (_, i) => batch.firstSeq + i),
  );
}

test('begin and end keep the rows from one time up to the other', () => {
  assert.deepEqual(cut([0, 10, 20, 30, 40], { beginNs: 10, endNs: 30 }), [1, 2]);
});

test('limit counts requests and keeps the barriers behind the last', () => {
  assert.deepEqual(cut([0, -1, 2, -3, -4, 5], { limit: 2 }), [0, 1, 2, 3, 4]);
});

test('a stamp that goes backwards cuts nothing in two', () => {
  assert.deepEqual(cut([0, 10, 5, 20], { beginNs: 8 }), [1, 2, 3]);
});

test('cutting is keeping a run of whole rows, and the columns still belong to them', () => {
  const times = fc.array(fc.integer({ min: -50, max: 50 }), { maxLength: 30 });
  const bound = fc.integer({ min: 0, max: 50 });
  fc.assert(
    fc.property(times, bound, bound, (list, beginNs, endNs) => {
      const batches = [...cutBatches(batchesOf(list), { ...WHOLE, beginNs, endNs })];
      let next: number | undefined;
      for (const batch of batches) {
        if (next !== undefined) assert.equal(batch.firstSeq, next);
        next = batch.firstSeq + batch.count;
        for (let i = 0; i < batch.count; i++) {
          assert.equal(batch.tNs[i], Math.abs(list[batch.firstSeq + i]));
        }
      }
    }),
  );
});

test('the source is read to its end, because its totals come last', () => {
  let read = 0;
  function* source(): Generator<EventBatch> {
    for (const batch of batchesOf([0, 1, 2, 3, 4, 5, 6])) {
      read++;
      yield batch;
    }
  }
  assert.equal([...cutBatches(source(), { ...WHOLE, limit: 1 })].length, 1);
  assert.equal(read, 3);
});
