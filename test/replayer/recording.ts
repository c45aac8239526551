// Small recordings as plain objects for the replayer's tests, and plans as plain objects back: the
// simple form that slow references work on. Owns the random recordings of the property tests.

import * as fc from 'fast-check';

import {
  EventBuilder,
  FLAG,
  KIND,
  PRESENT,
  SCOPE,
  type EventBatch,
} from '../../collector/model/index.ts';
import { dialects } from '../../replayer/dialects/index.ts';
import { Planner, type StepSink } from '../../replayer/planner/planner.ts';
import { StepBatch } from '../../replayer/planner/index.ts';
import type { StrategyChain } from '../../replayer/strategies/chain.ts';

/** One row of a recording; `seq` is its place in the whole file. */
export interface Row {
  readonly seq: number;
  readonly tNs: number;
  readonly stream: number;
  readonly kind: number;
  readonly scope: number;
  readonly flags: number;
  readonly domain?: number;
  readonly pasid?: number;
  readonly page: number;
  readonly pages: number;
  /** The doorbell it came with; none where the recording shows none. */
  readonly submission?: number;
}

export interface PlannedEntry {
  readonly kind: number;
  readonly scope: number;
  readonly flags: number;
  readonly domain: number | undefined;
  readonly pasid: number | undefined;
  readonly page: number;
  readonly pages: number;
  readonly widened: boolean;
  readonly firstSeq: number;
  readonly lastSeq: number;
}

export interface Barrier {
  readonly seq: number;
  readonly tNs: number;
}

export interface PlannedStep {
  readonly dueNs: number;
  readonly entries: readonly PlannedEntry[];
  readonly releases: readonly Barrier[];
}

export interface StreamSteps {
  readonly steps: readonly PlannedStep[];
  readonly free: readonly Barrier[];
}

/** The rows as batches, cut after each of `cuts` rows. */
export function batchesOf(rows: readonly Row[], cuts: readonly number[] = []): EventBatch[] {
  const borders = [...new Set([0, ...cuts.filter((cut) => cut < rows.length), rows.length])].sort(
    (a, b) => a - b,
  );
  return borders.slice(1).map((end, i) => batchOf(rows.slice(borders[i], end), borders[i]));
}

function batchOf(rows: readonly Row[], firstSeq: number): EventBatch {
  const out = new EventBuilder(Math.max(1, rows.length));
  out.firstSeq = firstSeq;
  for (const row of rows) {
    const i = out.next(row.tNs, row.stream);
    out.kind[i] = row.kind;
    out.submission[i] = row.submission ?? 0;
    out.scope[i] = row.scope;
    out.flags[i] = row.flags;
    if (row.domain !== undefined) {
      out.domainId[i] = row.domain;
      out.present[i] |= PRESENT.domainId;
    }
    if (row.pasid !== undefined) {
      out.pasid[i] = row.pasid;
      out.present[i] |= PRESENT.pasid;
    }
    if ((row.scope & SCOPE.vaddr) !== 0) {
      out.page[i] = row.page;
      out.pages[i] = row.pages;
      out.present[i] |= PRESENT.range;
    }
  }
  return out;
}

export function entryOf(batch: StepBatch, i: number): PlannedEntry {
  const has = (bit: number): boolean => (batch.present[i] & bit) !== 0;
  return {
    kind: batch.kind[i],
    scope: batch.scope[i],
    flags: batch.flags[i],
    domain: has(PRESENT.domainId) ? batch.domainId[i] : undefined,
    pasid: has(PRESENT.pasid) ? batch.pasid[i] : undefined,
    page: has(PRESENT.range) ? batch.page[i] : 0,
    pages: has(PRESENT.range) ? batch.pages[i] : 0,
    widened: batch.widened[i] === 1,
    firstSeq: batch.entryFirstSeq[i],
    lastSeq: batch.entryLastSeq[i],
  };
}

export function stepsOf(batch: StepBatch): PlannedStep[] {
  return Array.from({ length: batch.steps }, (_, step) => ({
    dueNs: batch.dueNs[step],
    entries: range(batch.entryStart(step), batch.entryEnd[step]).map((i) => entryOf(batch, i)),
    releases: range(batch.releaseStart(step), batch.releaseEnd[step]).map((i) => ({
      seq: batch.releaseSeq[i],
      tNs: batch.releaseTNs[i],
    })),
  }));
}

export function freeOf(batch: StepBatch): Barrier[] {
  return range(0, batch.free).map((i) => ({ seq: batch.freeSeq[i], tNs: batch.freeTNs[i] }));
}

export const range = (from: number, to: number): number[] =>
  Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);

export interface Planned {
  readonly planner: Planner;
  readonly streams: ReadonlyMap<number, StreamSteps>;
}

/** Runs the real planner over `rows`, cut into batches as asked, and keeps what comes out. */
export function planOf(
  rows: readonly Row[],
  chain: StrategyChain,
  cuts: readonly number[] = [],
): Planned {
  const streams = new Map<number, { steps: PlannedStep[]; free: Barrier[] }>();
  const sink: StepSink = (stream, batch) => {
    const kept = streams.get(stream) ?? { steps: [], free: [] };
    streams.set(stream, kept);
    kept.steps.push(...stepsOf(batch));
    kept.free.push(...freeOf(batch));
  };
  const planner = new Planner([{ chain, sink }], dialects.get('hwpt-vtd-s1'));
  for (const batch of batchesOf(rows, cuts)) planner.push(batch);
  planner.end();
  return { planner, streams };
}

/** A StepBatch from plain steps, as a strategy would have made it. */
export function stepBatchOf(plan: StreamSteps): StepBatch {
  const out = new StepBatch(16);
  for (const step of plan.steps) {
    for (const entry of step.entries) {
      const i = out.nextEntry();
      out.kind[i] = entry.kind;
      out.scope[i] = entry.scope;
      out.flags[i] = entry.flags;
      out.domainId[i] = entry.domain ?? 0;
      out.pasid[i] = entry.pasid ?? 0;
      out.page[i] = entry.page;
      out.pages[i] = entry.pages;
      out.present[i] =
        (entry.domain === undefined ? 0 : PRESENT.domainId) |
        (entry.pasid === undefined ? 0 : PRESENT.pasid) |
        ((entry.scope & SCOPE.vaddr) === 0 ? 0 : PRESENT.range);
      out.entryFirstSeq[i] = entry.firstSeq;
      out.entryLastSeq[i] = entry.lastSeq;
      out.widened[i] = entry.widened ? 1 : 0;
    }
    for (const release of step.releases) out.addRelease(release.seq, release.tNs);
    out.commit(step.dueNs);
  }
  for (const barrier of plan.free) out.addFree(barrier.seq, barrier.tNs);
  return out;
}

const requestShape = fc
  .record({
    granularity: fc.constantFrom(
      'global',
      'domain',
      'pasid',
      'range',
      'range',
      'range',
      'pasid-range',
      'pasid-range',
      'pasid-range',
      'pasid-range',
    ),
    domain: fc.constantFrom(1, 2),
    pasid: fc.constantFrom(3, 4),
    page: fc.oneof(
      { weight: 8, arbitrary: fc.integer({ min: 0, max: 24 }) },
      { weight: 1, arbitrary: fc.constantFrom(2 ** 19 - 1, 2 ** 36 - 2, 2 ** 51 - 1) },
    ),
    pages: fc.oneof(
      { weight: 8, arbitrary: fc.integer({ min: 1, max: 9 }) },
      { weight: 2, arbitrary: fc.constantFrom(33, 512, 1000) },
    ),
    leaf: fc.boolean(),
    noPasid: fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
    more: fc.constantFrom(0, 0, 0, FLAG.global, FLAG.drainReads | FLAG.drainWrites),
  })
  .map(({ granularity, domain, pasid, page, pages, leaf, noPasid, more }) => {
    const isRange = granularity.endsWith('range');
    const hasPasid = granularity.startsWith('pasid');
    return {
      kind: KIND.iotlb,
      scope: (hasPasid ? SCOPE.pasid : 0) | (isRange ? SCOPE.vaddr : 0),
      flags: (isRange && leaf ? FLAG.leaf : 0) | (!hasPasid && noPasid ? FLAG.noPasid : 0) | more,
      ...(granularity === 'global' ? {} : { domain }),
      ...(hasPasid ? { pasid } : {}),
      page: isRange ? page : 0,
      pages: isRange ? pages : 0,
    };
  });

const plain = { scope: 0, flags: 0, page: 0, pages: 0 };

const eventShape = fc.oneof(
  { weight: 12, arbitrary: requestShape },
  { weight: 7, arbitrary: fc.constant({ ...plain, kind: KIND.barrier }) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom(KIND.deviceTlb, KIND.contextCache)
      .map((kind) => ({ ...plain, kind })),
  },
);

/** Recordings with and without doorbells, with ties, time stamps that go backwards, several streams, every scope and flag. */
export const recordings: fc.Arbitrary<Row[]> = fc
  .tuple(
    fc.boolean(),
    fc.array(
      fc.record({
        event: eventShape,
        rings: fc.constantFrom(false, false, true),
        gapNs: fc.constantFrom(
          0,
          0,
          0,
          1,
          500,
          1000,
          1000,
          7000,
          60_000,
          12_000_000,
          -800,
          -20_000,
        ),
        stream: fc.constantFrom(0, 0, 0, 1, 7),
      }),
      { maxLength: 70 },
    ),
  )
  .map(([showsDoorbells, items]) => {
    let now = 0;
    let submission = 1;
    return items.map(({ event, gapNs, stream, rings }, seq) => {
      now += gapNs;
      if (rings) submission++;
      return { ...event, seq, stream, tNs: now, ...(showsDoorbells ? { submission } : {}) };
    });
  });

/** Where to cut a recording into batches. */
export const cutsOf: fc.Arbitrary<number[]> = fc.array(fc.integer({ min: 1, max: 69 }), {
  maxLength: 6,
});
