// Made recordings: the same seed gives the same rows, and the rows have the stated statistics.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import { ToolError } from '../../../collector/base/index.ts';
import { generate } from '../../../collector/generate/generate.ts';
import { ShapeMeter } from '../../../collector/generate/measure.ts';
import { Random, Weighted } from '../../../collector/base/index.ts';
import { shapeOf, type ShapeOptions } from '../../../collector/generate/shape-options.ts';
import { DEFAULT_SHAPE, type Shape } from '../../../collector/generate/shape.ts';
import { mergeRows, type MergeInput } from '../../../collector/generate/merge.ts';
import {
  EventBuilder,
  FLAG,
  KIND,
  PRESENT,
  TraceSummary,
  WaitSummary,
  type EventBatch,
} from '../../../collector/model/index.ts';
import { rowsOf } from '../../replayer/fixtures.ts';
import type { Row } from '../../replayer/recording.ts';

function rowsFor(change: Partial<Shape>, seed = 1): Row[] {
  const out: Row[] = [];
  for (const batch of generate({ ...DEFAULT_SHAPE, requests: 20_000, ...change }, seed))
    out.push(...rowsOf(batch));
  return out;
}

const isRequest = (row: Row): boolean => row.kind === KIND.iotlb;
const gapsOf = (rows: readonly Row[]): number[] =>
  rows.slice(1).map((row, i) => row.tNs - rows[i].tNs);
const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** Within `share` of what was stated. */
function near(got: number, wanted: number, share: number): void {
  assert.ok(Math.abs(got - wanted) <= share * wanted, `${got} is not near ${wanted}`);
}

void test('the same seed gives the same rows, another seed others', () => {
  const shape = { streams: 3, requests: 500, teardownShare: 0.1 };
  assert.deepEqual(rowsFor(shape, 7), rowsFor(shape, 7));
  assert.notDeepEqual(rowsFor(shape, 7), rowsFor(shape, 8));
});

void test('a stream more leaves the first ones as they were', () => {
  const one = rowsFor({ requests: 300, streams: 1 });
  const three = rowsFor({ requests: 900, streams: 3 }).filter((row) => row.stream === 0);
  assert.deepEqual(
    three.map((row) => ({ ...row, seq: 0 })),
    one.map((row) => ({ ...row, seq: 0 })),
  );
});

void test('any shape gives exactly the requests asked for, in time order, every stream closed by a barrier', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 300 }),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 20 }),
      fc.constantFrom(0, 0.1, 1),
      (requests, streams, perBarrier, large) => {
        const rows = rowsFor({
          requests,
          streams,
          perBarrier: [{ value: perBarrier, weight: 1 }],
          largeUnmap: { share: large, pages: 100, chunkPages: 30 },
        });
        assert.equal(rows.filter(isRequest).length, requests);
        assert.ok(gapsOf(rows).every((gap) => gap >= 0));
        for (let stream = 0; stream < Math.min(streams, requests); stream++) {
          const own = rows.filter((row) => row.stream === stream);
          assert.equal(own.at(-1)?.kind, KIND.barrier);
        }
      },
    ),
    { numRuns: 200 },
  );
});

void test('constant arrivals are constant', () => {
  const rows = rowsFor({ arrivals: { kind: 'constant', gapNs: 10_000 }, requests: 1000 });
  assert.deepEqual([...new Set(gapsOf(rows.filter(isRequest)))], [10_000]);
});

void test('Poisson arrivals have the stated mean, and a deviation as large', () => {
  const rows = rowsFor({
    arrivals: { kind: 'poisson', meanGapNs: 50_000 },
    perBarrier: [],
  });
  const gaps = gapsOf(rows);
  near(mean(gaps), 50_000, 0.03);
  near(Math.sqrt(mean(gaps.map((gap) => (gap - mean(gaps)) ** 2))), 50_000, 0.05);
});

void test('bursts have the stated size and gaps', () => {
  const rows = rowsFor({
    arrivals: { kind: 'bursts', size: 16, insideNs: 3000, betweenNs: 1e6 },
    perBarrier: [],
    requests: 16_000,
  });
  const inside = gapsOf(rows).filter((gap) => gap === 3000);
  near(inside.length / (rows.length - 1), 15 / 16, 0.01);
});

void test('range sizes, locality, leaf hints and teardowns come in the stated shares', () => {
  const rows = rowsFor({ locality: 0.4, leafShare: 0.25, teardownShare: 0.1 }).filter(isRequest);
  const ranges = rows.filter((row) => row.pages > 0);
  near(ranges.length / rows.length, 0.9, 0.02);
  near(ranges.filter((row) => row.pages === 1).length / ranges.length, 0.75, 0.03);
  near(ranges.filter((row) => row.pages === 32).length / ranges.length, 0.09, 0.1);
  near(ranges.filter((row) => (row.flags & FLAG.leaf) !== 0).length / ranges.length, 0.25, 0.06);
  const local = ranges.slice(1).filter((row, i) => row.page === ranges[i].page + ranges[i].pages);
  near(local.length / ranges.length, 0.4, 0.04);
});

void test('a large unmap is a run of ranges side by side, then one barrier', () => {
  const rows = rowsFor({ requests: 32, largeUnmap: { share: 1, pages: 1024, chunkPages: 64 } });
  const first = rows.slice(0, 17);
  assert.deepEqual(
    first.map((row) => row.kind),
    [...Array.from({ length: 16 }, () => KIND.iotlb), KIND.barrier],
  );
  first.slice(1, 16).forEach((row, i) => assert.equal(row.page, first[i].page + 64));
});

void test('barriers stand where stated, and not at all where none are', () => {
  const rows = rowsFor({
    perBarrier: [
      { value: 1, weight: 1 },
      { value: 8, weight: 1 },
    ],
  });
  near(rows.filter((row) => row.kind === KIND.barrier).length, 20_000 / 4.5, 0.03);
  assert.ok(rowsFor({ perBarrier: [], requests: 100 }).every(isRequest));
});

void test('domains and PASIDs are all used; legacy requests have no PASID', () => {
  const rows = rowsFor({ domains: 5, pasids: 3, requests: 1000 }).filter(isRequest);
  assert.equal(new Set(rows.map((row) => row.domain)).size, 5);
  assert.equal(new Set(rows.map((row) => row.pasid)).size, 3);
  assert.ok(rowsFor({ pasids: 0, requests: 10 }).every((row) => row.pasid === undefined));
});

for (const name of ['bursts', 'poisson'] as const) {
  void test(`a recording like another has its statistics, at any scale: ${name}`, () => {
    const original: Shape = {
      ...DEFAULT_SHAPE,
      requests: 20_000,
      streams: 2,
      locality: 0.45,
      leafShare: 0.8,
      teardownShare: 0.03,
      arrivals:
        name === 'bursts'
          ? { kind: 'bursts', size: 12, insideNs: 2000, betweenNs: 900_000 }
          : { kind: 'poisson', meanGapNs: 30_000 },
      perBarrier: [
        { value: 1, weight: 3 },
        { value: 6, weight: 1 },
      ],
    };
    const meter = new ShapeMeter();
    const before = new TraceSummary();
    for (const batch of generate(original, 3)) {
      meter.add(batch);
      before.add(batch);
    }
    const after = new TraceSummary();
    const again = new ShapeMeter();
    for (const batch of generate(meter.shape(meter.requests * 4), 11)) {
      after.add(batch);
      again.add(batch);
    }
    assert.equal(after.requests, 4 * before.requests);
    near(after.barriers, 4 * before.barriers, 0.03);
    near(after.durationNs, 4 * before.durationNs, 0.08);
    const [was, is] = [meter.shape(1), again.shape(1)];
    near(is.locality, was.locality, 0.06);
    near(is.leafShare, was.leafShare, 0.03);
    near(is.teardownShare, was.teardownShare, 0.15);
    const small = (summary: TraceSummary): number =>
      summary.byGap.slice(0, 13).reduce((sum, count) => sum + count, 0) / summary.requests;
    if (name === 'bursts') near(small(after), small(before), 0.05);
    const share = (summary: TraceSummary): number => summary.bySize[0] / summary.requests;
    near(share(after), share(before), 0.03);
  });
}

void test('random numbers spread evenly, and weights are kept', () => {
  const random = new Random(42);
  const counts = new Float64Array(10);
  const drawn = new Float64Array(3);
  const weighted = new Weighted([1, 0, 3]);
  for (let i = 0; i < 100_000; i++) {
    counts[random.below(10)]++;
    drawn[weighted.draw(random)]++;
  }
  for (const count of counts) near(count, 10_000, 0.05);
  near(drawn[2], 75_000, 0.03);
  assert.equal(drawn[1], 0);
});

const options: ShapeOptions = {
  requests: '100k',
  streams: '1',
  waiters: '0',
  arrivals: 'poisson',
  rate: '20k/s',
  burst: '16',
  burstGap: '3us',
  pages: '1:75,2:14',
  locality: '30%',
  workingSet: '1GiB',
  perBarrier: 'none',
  barrierDelay: '3us',
  domains: '1',
  pasids: '0',
  leaf: '1',
  largeUnmap: '0',
  largeSize: '64MiB',
  largeChunk: '2MiB',
  teardown: '0',
};

void test('flags become a shape, with units; wrong ones are usage errors', () => {
  const shape = shapeOf(options);
  assert.deepEqual(shape.arrivals, { kind: 'poisson', meanGapNs: 50_000 });
  assert.equal(shape.locality, 0.3);
  assert.equal(shape.workingSetPages, 2 ** 18);
  assert.deepEqual(shape.perBarrier, []);
  const wrong: readonly Partial<Record<keyof ShapeOptions, string>>[] = [
    { arrivals: 'weibull' },
    { locality: '1.5' },
    { locality: '' },
    { pages: '0' },
    { pages: '1:x' },
    { streams: '0' },
    { arrivals: 'bursts', burstGap: '1ms' },
    { workingSet: '12' },
  ];
  for (const change of wrong) {
    assert.throws(
      () => shapeOf({ ...options, ...change }),
      (error) => error instanceof ToolError && error.code === 'E_USAGE',
      JSON.stringify(change),
    );
  }
});

void test('what is made has a PASID exactly where its scope says so', () => {
  for (const batch of generate({ ...DEFAULT_SHAPE, requests: 50 }, 1)) {
    for (let row = 0; row < batch.count; row++) {
      const hasPasid = (batch.present[row] & PRESENT.pasid) !== 0;
      assert.equal(hasPasid, (batch.scope[row] & 1) !== 0);
    }
  }
});

void test('each waiter has intervals of its own, asks in order, and the shares add up', () => {
  const shape: Shape = { ...DEFAULT_SHAPE, requests: 1001, streams: 2, waiters: 3 };
  const waits = new WaitSummary({
    streams: [0, 1].map((index) => ({ index, vm: 0, viommu: 0, queue: index, name: '' })),
    waiters: Array.from({ length: 6 }, (_, index) => ({ index, vm: 0, name: '', from: 'stated' })),
  });
  const isOpen = new Map<number, boolean>();
  let requests = 0;
  for (const batch of generate(shape, 3)) {
    waits.add(batch);
    for (let row = 0; row < batch.count; row++) {
      assert.ok((batch.present[row] & PRESENT.waiter) !== 0);
      const waiter = batch.waiter[row];
      assert.equal(batch.stream[row], Math.floor(waiter / 3));
      const isBarrier = batch.kind[row] === KIND.barrier;
      if (!isBarrier) requests++;
      assert.equal(isOpen.get(waiter) ?? false, isBarrier, 'one request, then its barrier');
      isOpen.set(waiter, !isBarrier);
    }
  }
  assert.equal(requests, 1001);
  assert.deepEqual(
    waits.waiters().map(({ intervals }) => intervals),
    [167, 167, 167, 167, 167, 166],
  );
});

void test('merged copies keep their waiters apart, and a time of a wait moves with its row', () => {
  const made = (): EventBatch => {
    const out = new EventBuilder(4);
    const row = out.next(100, 0);
    out.kind[row] = KIND.barrier;
    out.waiter[row] = 1;
    out.waitEndNs[row] = 150;
    out.present[row] |= PRESENT.waiter | PRESENT.waitEnd;
    out.kind[out.next(200, 0)] = KIND.barrier;
    return out;
  };
  const input = (copy: number): MergeInput => ({
    batches: [made()].values(),
    shiftNs: copy * 1000,
    streams: new Map([[0, copy]]),
    firstWaiter: copy * 2,
    copy,
  });
  const found: (readonly number[])[] = [];
  for (const batch of mergeRows([input(0), input(1)])) {
    for (let i = 0; i < batch.count; i++) {
      const has = (batch.present[i] & PRESENT.waiter) !== 0;
      found.push([
        batch.tNs[i],
        batch.stream[i],
        has ? batch.waiter[i] : -1,
        has ? batch.waitEndNs[i] : -1,
      ]);
    }
  }
  assert.deepEqual(found, [
    [100, 0, 1, 150],
    [200, 0, -1, -1],
    [1100, 1, 3, 1150],
    [1200, 1, -1, -1],
  ]);
});
