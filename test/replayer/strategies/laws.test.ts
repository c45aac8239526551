// Laws of coalescing, on random recordings and on stretches of real ones.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import { KIND } from '../../../collector/model/index.ts';
import { dialects } from '../../../replayer/dialects/index.ts';
import { planFacts, planTrace, StepBatch } from '../../../replayer/planner/index.ts';
import { parseChain } from '../../../replayer/strategies/chain.ts';
import { strategies } from '../../../replayer/strategies/index.ts';
import { workloads } from '../../lab/workloads.ts';
import {
  batchesOf,
  cutsOf,
  freeOf,
  planOf,
  recordings,
  stepBatchOf,
  stepsOf,
  type PlannedEntry,
  type PlannedStep,
  type Row,
  type StreamSteps,
} from '../recording.ts';
import { REAL, realBatch, recordedRows, rowsOf } from '../fixtures.ts';
import { requestsOf } from '../reference/strategies.ts';

const RUNS = 300;
const vtd = dialects.get('hwpt-vtd-s1');
/** The references look at each row for each entry, so only the beginning of a recording is taken. */
const RECORDED_ROWS = 240;
const real: readonly (readonly Row[])[] = [
  ...REAL.map((name) => rowsOf(realBatch(name))),
  ...workloads.names.map((name) => recordedRows(name, RECORDED_ROWS)),
];
const chains = [
  ...strategies.names,
  'window:us=2,max=3',
  'window+adjacent',
  'window+aligned',
  'promote:pages=4,entries=2',
  'flush-queue:size=4,timeout=20us',
  'adjacent+smmu-range+window:us=20',
];

/** Random recordings and the real ones. */
const anyRecording = fc.oneof(
  { weight: 20, arbitrary: recordings },
  { weight: 1, arbitrary: fc.constantFrom(...real) },
);

for (const text of chains) {
  const chain = parseChain(text);

  void test(`${text}: every request is covered in time, every barrier released once`, () => {
    fc.assert(
      fc.property(anyRecording, (rows) => {
        const { verdict } = planFacts(batchesOf(rows), chain, vtd);
        assert.deepEqual(verdict.broken, []);
        if (!chain.defers) assert.equal(verdict.class, 'strict');
      }),
      { numRuns: RUNS },
    );
  });

  void test(`${text}: the plan is a function of the recording and the options alone`, () => {
    fc.assert(
      fc.property(anyRecording, cutsOf, (rows, cuts) => {
        const whole = planTrace(batchesOf(rows), chain, vtd);
        const again = planTrace(batchesOf(rows, cuts), parseChain(text), vtd);
        assert.equal(again.digest, whole.digest);
        assert.deepEqual(again.facts, whole.facts);
      }),
      { numRuns: RUNS },
    );
  });

  void test(`${text}: due times never descend and no request goes before it was asked`, () => {
    fc.assert(
      fc.property(anyRecording, (rows) => {
        for (const { steps } of planOf(rows, chain).streams.values()) {
          steps.forEach((step, k) => {
            if (k > 0) assert.ok(step.dueNs >= steps[k - 1].dueNs);
            const carried = Math.max(...step.entries.map((entry) => entry.lastSeq));
            assert.ok(step.dueNs >= rows[carried].tNs);
          });
        }
      }),
      { numRuns: RUNS },
    );
  });

  void test(`${text}: an entry says it is wider exactly when it is`, () => {
    fc.assert(
      fc.property(anyRecording, (rows) => {
        for (const { steps } of planOf(rows, chain).streams.values()) {
          for (const step of steps) {
            for (const entry of step.entries) assert.equal(entry.widened, isWider(entry, rows));
          }
        }
      }),
      { numRuns: RUNS },
    );
  });

  void test(`${text}: the counts are those of the plan`, () => {
    fc.assert(
      fc.property(anyRecording, (rows) => {
        const facts = planFacts(batchesOf(rows), chain, vtd);
        const all = [...planOf(rows, chain).streams.values()].flatMap((stream) => stream.steps);
        const entries = all.flatMap((step) => step.entries);
        const pages = (of: readonly { pages: number }[]): number =>
          of.reduce((sum, one) => sum + one.pages, 0);
        const replayable = rows.filter((row) => row.kind === KIND.iotlb);
        assert.equal(facts.steps, all.length);
        assert.equal(facts.entries, entries.length);
        assert.equal(facts.hardware_waits, entries.length);
        assert.equal(facts.replayable, replayable.length);
        assertPages(facts.requested_pages, pages(replayable));
        assertPages(facts.issued_pages, pages(entries));
        assert.equal(facts.requests, rows.filter((row) => row.kind !== KIND.barrier).length);
        assert.equal(facts.barrier_intervals, intervalsOf(rows));
      }),
      { numRuns: RUNS },
    );
  });
}

/** Sums of pages are exact as far as doubles are; several whole address spaces go beyond that. */
function assertPages(got: number, wanted: number): void {
  if (wanted <= Number.MAX_SAFE_INTEGER) assert.equal(got, wanted);
  else assert.ok(Math.abs(got / wanted - 1) < 1e-12, `${got} pages, not ${wanted}`);
}

/** Whether an entry covers more than the requests it stands for asked, from the requests themselves. */
function isWider(entry: PlannedEntry, rows: readonly Row[]): boolean {
  const carried = rows.filter(
    (row) =>
      row.kind === KIND.iotlb &&
      row.stream === rows[entry.firstSeq].stream &&
      row.seq >= entry.firstSeq &&
      row.seq <= entry.lastSeq,
  );
  const sameTarget = carried.filter(
    (row) =>
      row.domain === entry.domain &&
      (row.scope & 1) === (entry.scope & 1) &&
      row.pasid === entry.pasid &&
      (row.flags & 1) === (entry.flags & 1),
  );
  if ((entry.scope & 2) === 0) return !sameTarget.some((row) => (row.scope & 2) === 0);
  const ranges = sameTarget.filter((row) => (row.scope & 2) !== 0).sort((a, b) => a.page - b.page);
  let at = entry.page;
  for (const row of ranges) if (row.page <= at) at = Math.max(at, row.page + row.pages);
  return at < entry.page + entry.pages;
}

function intervalsOf(rows: readonly Row[]): number {
  const open = new Set<number>();
  let count = 0;
  for (const row of rows) {
    if (row.kind === KIND.barrier) open.delete(row.stream);
    else if (row.kind === KIND.iotlb && !open.has(row.stream)) {
      open.add(row.stream);
      count++;
    }
  }
  return count;
}

void test('none: is the identity, one entry a request as it was asked', () => {
  fc.assert(
    fc.property(anyRecording, (rows) => {
      for (const [stream, plan] of planOf(rows, parseChain('none')).streams) {
        const asked = requestsOf(rows.filter((row) => row.stream === stream));
        const steps = asked.steps.map(({ dueNs, entries, releases }) => ({
          dueNs,
          entries,
          releases,
        }));
        assert.deepEqual(plan, { steps, free: asked.free });
      }
    }),
    { numRuns: RUNS },
  );
});

const twice = [
  'barrier:max=3',
  'none',
  'barrier',
  'adjacent',
  'none+aligned',
  'promote:pages=4,entries=2',
  'single-page:limit=8',
];
for (const text of twice) {
  void test(`${text}: done twice is the same as done once`, () => {
    fc.assert(
      fc.property(anyRecording, (rows) => {
        const once = planOf(rows, parseChain(text));
        assert.deepEqual(planOf(rows, parseChain(`${text}+${text}`)).streams, once.streams);
      }),
      { numRuns: RUNS },
    );
  });
}

void test('aligned: done twice may be wider, for blocks can touch where ranges did not', () => {
  const range = { kind: KIND.iotlb, scope: 2, flags: 0, domain: 1, stream: 0, tNs: 0 };
  const rows = [
    { ...range, seq: 0, page: 6, pages: 3 },
    { ...range, seq: 1, page: 16, pages: 1 },
  ];
  const blocks = (text: string): readonly (readonly [number, number])[] =>
    (planOf(rows, parseChain(text)).streams.get(0)?.steps ?? []).flatMap((step) =>
      step.entries.map(({ page, pages }) => [page, pages] as const),
    );
  assert.deepEqual(blocks('aligned'), [
    [0, 16],
    [16, 1],
  ]);
  assert.deepEqual(blocks('aligned+aligned'), [[0, 32]]);
});

void test('a+b is b given the plan of a', () => {
  const pairs = fc.tuple(
    fc.constantFrom(...strategies.names),
    fc.constantFrom(...strategies.names),
  );
  fc.assert(
    fc.property(anyRecording, pairs, (rows, [a, b]) => {
      if (strategies.get(a).online !== undefined || strategies.get(b).comesFirst) return;
      const both = planOf(rows, parseChain(`${a}+${b}`));
      for (const [stream, plan] of planOf(rows, parseChain(a)).streams) {
        assert.deepEqual(inOrder(both.streams.get(stream)), inOrder(applied(b, plan)));
      }
    }),
    { numRuns: 1000 },
  );
});

/** Free barriers by number: strategies name them when they learn of them. */
function inOrder(plan: StreamSteps | undefined): StreamSteps {
  return {
    steps: plan?.steps ?? [],
    free: [...(plan?.free ?? [])].sort((a, b) => a.seq - b.seq),
  };
}

function applied(name: string, plan: StreamSteps): StreamSteps {
  const alone = parseChain(name);
  // The stage itself, without what it stands on when it comes first.
  const stage = alone.stages.at(-1)?.open();
  const output = new StepBatch();
  stage?.push(stepBatchOf(plan), output);
  stage?.end(output);
  return { steps: stepsOf(output), free: freeOf(output) };
}

/** A request of a kind of its own, and the barrier after it. */
function kindStep(seq: number, kind: number): PlannedStep {
  const entry: PlannedEntry = {
    kind,
    scope: 2,
    flags: 0,
    domain: 1,
    pasid: undefined,
    page: 4 * seq,
    pages: 4,
    widened: false,
    firstSeq: seq,
    lastSeq: seq,
  };
  return { dueNs: seq * 10, entries: [entry], releases: [{ seq: seq + 1, tNs: seq * 10 + 1 }] };
}

void test('a device TLB request never shares an ioctl with the IOTLB request that it waited for', () => {
  const kinds = [KIND.iotlb, KIND.iotlb, KIND.deviceTlb, KIND.deviceTlb, KIND.iotlb];
  const steps = kinds.map((kind, i) => kindStep(2 * i, kind));
  for (const name of ['window', 'doorbell', 'flush-queue']) {
    for (const step of applied(name, { steps, free: [] }).steps)
      assert.equal(new Set(step.entries.map((entry) => entry.kind)).size, 1, name);
  }
});

void test('ranges are never moved past a request of another kind', () => {
  const kinds = [KIND.deviceTlb, KIND.iotlb, KIND.deviceTlb];
  const step: PlannedStep = {
    ...kindStep(0, KIND.iotlb),
    entries: kinds.map((kind, i) => ({ ...kindStep(i, kind).entries[0] })),
  };
  for (const name of ['adjacent', 'aligned']) {
    const [done] = applied(name, { steps: [step], free: [] }).steps;
    assert.deepEqual(
      done.entries.map((entry) => entry.kind),
      kinds,
    );
  }
});
