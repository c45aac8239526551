// The verdict against its slow, obvious twin, on good plans and on plans broken on purpose.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import { KIND } from '../../../collector/model/index.ts';
import { parseChain } from '../../../replayer/strategies/chain.ts';
import { AskedRows } from '../../../replayer/verdict/asked-rows.ts';
import { MOST_LEFT_BEHIND } from '../../../replayer/verdict/left-behind.ts';
import { MOST_AHEAD } from '../../../replayer/verdict/open-barriers.ts';
import { combineVerdicts, StreamVerdict, type Verdict } from '../../../replayer/verdict/verdict.ts';
import {
  batchesOf,
  cutsOf,
  planOf,
  recordings,
  stepBatchOf,
  type Barrier,
  type PlannedEntry,
  type PlannedStep,
  type Row,
  type StreamSteps,
} from '../recording.ts';
import { judge } from '../reference/verdict.ts';
import { referenceChains, requestsOf } from '../reference/strategies.ts';

const RUNS = 1000;
const isReplayable = (row: Row): boolean => row.kind === KIND.iotlb;

/** One stream's recording: what the verdict is about. */
const oneStream = recordings.map((rows) => rows.map((row) => ({ ...row, stream: 0 })));

function verdictOf(rows: readonly Row[], plan: StreamSteps): Verdict {
  const asked = new AskedRows();
  const verdict = new StreamVerdict(asked);
  for (const batch of batchesOf(rows)) {
    for (let row = 0; row < batch.count; row++)
      asked.ask(batch, row, batch.kind[row] === KIND.iotlb);
  }
  verdict.steps(stepBatchOf(plan));
  verdict.end();
  return combineVerdicts([verdict]);
}

function assertSame(rows: readonly Row[], plan: StreamSteps): void {
  const got = verdictOf(rows, plan);
  const wanted = judge(rows, plan, isReplayable);
  assert.equal(got.class, wanted.class);
  assert.equal(got.broken_requests, wanted.brokenSeqs.length);
  assert.deepEqual(
    got.broken.map((one) => one.seq).sort((a, b) => a - b),
    wanted.brokenSeqs.slice(0, got.broken.length),
  );
  assert.equal(got.requests_exposed, wanted.requests_exposed);
  assert.equal(got.exposure_page_ns, wanted.exposure_page_ns);
  assert.equal(got.unbounded_exposed, wanted.unbounded_exposed);
}

for (const text of Object.keys(referenceChains)) {
  void test(`the verdict on ${text} equals the slow reference`, () => {
    const change = referenceChains[text];
    fc.assert(
      fc.property(oneStream, (rows) => assertSame(rows, change(requestsOf(rows)))),
      { numRuns: 300 },
    );
  });
}

/** One random damage to a plan. */
type Damage = (plan: StreamSteps, at: number, by: number) => StreamSteps;

const changeStep = (
  plan: StreamSteps,
  at: number,
  change: (step: PlannedStep) => PlannedStep | undefined,
): StreamSteps => ({
  ...plan,
  steps: plan.steps.flatMap((step, k) =>
    k === at % plan.steps.length ? (change(step) ?? []) : step,
  ),
});

const changeEntry = (
  plan: StreamSteps,
  at: number,
  change: (entry: PlannedEntry) => PlannedEntry | undefined,
): StreamSteps =>
  changeStep(plan, at, (step) => {
    const entries = step.entries.flatMap((entry, i) =>
      i === at % step.entries.length ? (change(entry) ?? []) : entry,
    );
    return entries.length === 0 ? undefined : { ...step, entries };
  });

const allReleases = (plan: StreamSteps): readonly Barrier[] =>
  plan.steps.flatMap((step) => step.releases);

const damages: Readonly<Record<string, Damage>> = {
  nothing: (plan) => plan,
  'a dropped step': (plan, at) => changeStep(plan, at, () => undefined),
  'a dropped entry': (plan, at) => changeEntry(plan, at, () => undefined),
  'a narrowed range': (plan, at) =>
    changeEntry(plan, at, (entry) => ({ ...entry, pages: Math.max(1, entry.pages - 1) })),
  'a moved range': (plan, at, by) =>
    changeEntry(plan, at, (entry) => ({ ...entry, page: entry.page + by })),
  'a leaf hint set': (plan, at) =>
    changeEntry(plan, at, (entry) => ({ ...entry, flags: entry.flags | 2 })),
  'another domain': (plan, at) => changeEntry(plan, at, (entry) => ({ ...entry, domain: 9 })),
  'an earlier step': (plan, at, by) =>
    changeStep(plan, at, (step) => ({ ...step, dueNs: step.dueNs - by * 1000 })),
  'a later step': (plan, at, by) =>
    changeStep(plan, at, (step) => ({ ...step, dueNs: step.dueNs + by * 1000 })),
  'all steps later': (plan, _, by) => ({
    ...plan,
    steps: plan.steps.map((step) => ({ ...step, dueNs: step.dueNs + by * 1000 })),
  }),
  'a barrier never released': (plan, at) =>
    changeStep(plan, at, (step) => ({ ...step, releases: step.releases.slice(1) })),
  'a barrier released twice': (plan, at) =>
    changeStep(plan, at, (step) => ({ ...step, releases: [...step.releases, ...step.releases] })),
  'a barrier released by an earlier step': (plan, at, by) => {
    const target = at % plan.steps.length;
    const moved = plan.steps[target].releases;
    const to = Math.max(0, target - by);
    return {
      ...plan,
      steps: plan.steps.map((step, k) => ({
        ...step,
        releases: [...(k === target ? [] : step.releases), ...(k === to ? moved : [])],
      })),
    };
  },
  'a barrier nobody holds': (plan, at) => {
    const target = at % plan.steps.length;
    return {
      steps: plan.steps.map((step, k) => (k === target ? { ...step, releases: [] } : step)),
      free: [...plan.free, ...plan.steps[target].releases],
    };
  },
  'no barrier held': (plan) => ({
    steps: plan.steps.map((step) => ({ ...step, releases: [] })),
    free: [...plan.free, ...allReleases(plan)],
  }),
};

for (const [what, damage] of Object.entries(damages)) {
  void test(`the verdict equals the slow reference after ${what}`, () => {
    const chains = [
      'none',
      'barrier',
      'adjacent',
      'window:us=2,max=3',
      'flush-queue:size=4,timeout=20us',
    ];
    fc.assert(
      fc.property(
        oneStream,
        fc.constantFrom(...chains),
        fc.nat(),
        fc.integer({ min: 1, max: 12 }),
        (rows, chain, at, by) => {
          const plan = referenceChains[chain](requestsOf(rows));
          if (plan.steps.length > 0) assertSame(rows, damage(plan, at, by));
        },
      ),
      { numRuns: RUNS },
    );
  });
}

void test('the verdict does not depend on how a recording is cut into batches', () => {
  fc.assert(
    fc.property(
      recordings,
      cutsOf,
      fc.constantFrom(...Object.keys(referenceChains)),
      (rows, cuts, text) => {
        const verdictWith = (borders: readonly number[]): Verdict => {
          const planner = plannerFor(rows, text, borders);
          return combineVerdicts(planner);
        };
        assert.deepEqual(verdictWith(cuts), verdictWith([]));
      },
    ),
    { numRuns: RUNS },
  );
});

function plannerFor(
  rows: readonly Row[],
  text: string,
  cuts: readonly number[],
): readonly StreamVerdict[] {
  const { planner } = planOf(rows, parseChain(text), cuts);
  return planner.streams.map((stream) => stream.lanes[0].verdict);
}

// The plain cases, by hand.

const request = (seq: number, tNs: number, page: number, pages = 1): Row => ({
  seq,
  tNs,
  page,
  pages,
  stream: 0,
  kind: KIND.iotlb,
  scope: 2,
  flags: 0,
  domain: 1,
});
const wait = (seq: number, tNs: number): Row => ({
  ...request(seq, tNs, 0, 0),
  kind: KIND.barrier,
  scope: 0,
});
const entry = (row: Row): PlannedEntry => ({
  kind: row.kind,
  scope: row.scope,
  flags: row.flags,
  domain: row.domain,
  pasid: undefined,
  page: row.page,
  pages: row.pages,
  widened: false,
  firstSeq: row.seq,
  lastSeq: row.seq,
});
const rows = [request(0, 100, 8, 4), wait(1, 150), request(2, 200, 20), wait(3, 250)];
const step = (dueNs: number, of: readonly number[], releases: readonly number[]): PlannedStep => ({
  dueNs,
  entries: of.map((i) => entry(rows[i])),
  releases: releases.map((i) => ({ seq: i, tNs: rows[i].tNs })),
});

void test('a plan that issues each request before its barrier is strict', () => {
  const verdict = verdictOf(rows, { steps: [step(100, [0], [1]), step(200, [2], [3])], free: [] });
  assert.equal(verdict.class, 'strict');
});

void test('a barrier released by the step before the one that covers its request is deferred', () => {
  const verdict = verdictOf(rows, {
    steps: [step(100, [0], [1, 3]), step(900, [2], [])],
    free: [],
  });
  assert.equal(verdict.class, 'deferred');
  assert.equal(verdict.requests_exposed, 1);
  assert.equal(verdict.exposure_page_ns, 900 - 250);
});

void test('exposure is pages times the time from the first release to the entry', () => {
  const verdict = verdictOf(rows, {
    steps: [step(1000, [0, 2], [])],
    free: [
      { seq: 1, tNs: 150 },
      { seq: 3, tNs: 250 },
    ],
  });
  assert.equal(verdict.class, 'deferred');
  assert.equal(verdict.exposure_page_ns, 4 * (1000 - 150) + 1 * (1000 - 250));
});

void test('a barrier that no step holds back is deferred even where the entry was due before it', () => {
  const verdict = verdictOf(rows, {
    steps: [step(100, [0], []), step(200, [2], [3])],
    free: [{ seq: 1, tNs: 150 }],
  });
  assert.equal(verdict.class, 'deferred');
  assert.equal(verdict.requests_exposed, 1);
  assert.equal(verdict.exposure_page_ns, 0);
});

void test('an entry issued before its request was asked does not count: broken', () => {
  const verdict = verdictOf(rows, { steps: [step(100, [0, 2], [1, 3])], free: [] });
  assert.equal(verdict.class, 'broken');
  assert.deepEqual(verdict.broken, [
    { seq: 2, reason: 'no entry issued after it was asked covers it' },
  ]);
});

void test('at equal times an entry counts only for requests up to those it carries', () => {
  const tied = [request(0, 100, 8), wait(1, 100), request(2, 100, 8), wait(3, 100)];
  const early: StreamSteps = {
    steps: [
      {
        dueNs: 100,
        entries: [entry(tied[0])],
        releases: [
          { seq: 1, tNs: 100 },
          { seq: 3, tNs: 100 },
        ],
      },
    ],
    free: [],
  };
  assert.equal(verdictOf(tied, early).class, 'broken');
});

void test('one barrier released twice in place of another is broken, though the count is right', () => {
  const verdict = verdictOf(rows, {
    steps: [step(100, [0], [1, 1]), step(200, [2], [])],
    free: [],
  });
  assert.equal(verdict.class, 'broken');
  assert.deepEqual(
    verdict.broken.map((one) => [one.seq, one.reason]),
    [
      [1, 'this barrier is released a second time'],
      [3, 'this barrier is never released'],
    ],
  );
});

void test('a request that needs drained accesses is not covered by an entry without', () => {
  const drained = [{ ...request(0, 100, 8), flags: 8 }, wait(1, 100)];
  const plan: StreamSteps = {
    steps: [
      {
        dueNs: 100,
        entries: [{ ...entry(drained[0]), flags: 0 }],
        releases: [{ seq: 1, tNs: 100 }],
      },
    ],
    free: [],
  };
  assert.equal(verdictOf(drained, plan).class, 'broken');
});

/** A request and its barrier, one after the other; each step carries one request and releases its barrier. */
const oneByOne = (count: number): { readonly rows: Row[]; readonly steps: PlannedStep[] } => {
  const all: Row[] = [];
  const steps: PlannedStep[] = [];
  for (let i = 0; i < count; i++) {
    const asked = request(2 * i, 100 * i, i);
    const barrier = wait(2 * i + 1, 100 * i + 50);
    all.push(asked, barrier);
    const releases = [{ seq: barrier.seq, tNs: barrier.tNs }];
    steps.push({ dueNs: asked.tNs, entries: [entry(asked)], releases });
  }
  return { rows: all, steps };
};

void test('a plan that forgets requests is broken by each of them, however many there are', () => {
  const forgotten = 2 * MOST_LEFT_BEHIND;
  const { rows: all, steps } = oneByOne(2 * forgotten);
  const kept = steps.flatMap((one, i) => {
    if (i % 2 === 0) return [];
    return [{ ...one, releases: [...steps[i - 1].releases, ...one.releases] }];
  });
  const verdict = verdictOf(all, { steps: kept, free: [] });
  assert.equal(verdict.broken_requests, forgotten);
  assert.deepEqual(verdict.broken[0], {
    seq: 0,
    reason: `no entry covers it, nor ${MOST_LEFT_BEHIND} others that later entries went past`,
  });
});

void test('a request that waits while 10,000 later ones go out is deferred, not broken', () => {
  const { rows: all, steps } = oneByOne(10_000);
  const [first, ...rest] = steps;
  const late = { ...first, dueNs: rest[rest.length - 1].dueNs };
  const verdict = verdictOf(all, { steps: [...rest, late], free: [] });
  assert.equal(verdict.class, 'deferred');
  assert.equal(verdict.requests_exposed, 1);
});

void test('a barrier that is never released is named, and those after it are still found', () => {
  const { rows: all, steps } = oneByOne(MOST_AHEAD + 10);
  const [first, ...rest] = steps;
  const verdict = verdictOf(all, { steps: [{ ...first, releases: [] }, ...rest], free: [] });
  assert.deepEqual(verdict.broken, [
    { seq: 1, reason: `this barrier is not released, but ${MOST_AHEAD} later ones are` },
  ]);
});
