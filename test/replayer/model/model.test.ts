// The cost model: finds the costs that samples were made with, says what it cannot tell apart, and its
// predictions are those of a simulated queue.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';

import * as fc from 'fast-check';

import { ToolError } from '../../../collector/base/index.ts';
import { Random, percentiles } from '../../../collector/base/index.ts';
import { dialects } from '../../../replayer/dialects/index.ts';
import {
  fitCost,
  type CostModel,
  type CostSamples,
  type Measured,
} from '../../../replayer/model/cost-model.ts';
import { leastSquares } from '../../../replayer/model/least-squares.ts';
import { Predictor } from '../../../replayer/model/predict.ts';
import { samplesOf } from '../../../replayer/model/samples.ts';
import { planFacts, planTrace } from '../../../replayer/planner/index.ts';
import { parseChain } from '../../../replayer/strategies/chain.ts';
import { SAMPLE, folderFor, iotlb, json } from '../../support/cli.ts';
import { batchesOf, planOf, recordings, type Row } from '../recording.ts';

const vtd = dialects.get('hwpt-vtd-s1');
const measured: Measured = {
  writer: 'test',
  provenance: 'recording',
  issuer_description: 'made',
  dialect: 'hwpt-vtd-s1',
  strategies: ['none'],
};

/** Sum of twelve evens is as good as normal. */
function noise(random: Random): number {
  let sum = -6;
  for (let i = 0; i < 12; i++) sum += random.unit();
  return sum;
}

function madeSamples(seed: number, count: number, spreadNs: number): CostSamples {
  const random = new Random(seed);
  const draw = (limit: number): Float64Array =>
    Float64Array.from({ length: count }, () => random.below(limit));
  const entries = draw(20).map((n) => n + 1);
  const pages = draw(500);
  const whole = draw(3);
  const took = entries.map(
    (n, i) => 900 + 140 * n + 3 * pages[i] + 700 * whole[i] + spreadNs * noise(random),
  );
  return { entries, pages, whole, classes: new Map(), serviceNs: took };
}

const TRUE = { base: 900, entry: 140, page: 3, whole: 700 } as const;
const NAMES = ['base', 'entry', 'page', 'whole'] as const;

void test('a fit without noise finds the costs exactly', () => {
  const { service_ns, r2 } = fitCost(madeSamples(1, 500, 0), measured);
  for (const name of NAMES) assert.ok(Math.abs(service_ns[name].value - TRUE[name]) < 1e-6, name);
  assert.ok(r2 > 0.999999);
});

void test('the 95 % intervals hold the true cost about 95 times in 100', () => {
  let held = 0;
  for (let seed = 0; seed < 200; seed++) {
    const made = madeSamples(seed, 400, 200);
    const ones = new Float64Array(400).fill(1);
    const fit = leastSquares(made.serviceNs, [ones, made.entries, made.pages, made.whole]);
    NAMES.forEach((name, k) => {
      const { low, high } = fit.coefficients[k];
      if (low <= TRUE[name] && TRUE[name] <= high) held++;
    });
  }
  assert.ok(held > 0.92 * 800 && held < 0.985 * 800, `${held} of 800`);
});

void test('a few interrupted ioctls do not decide the fit, and show in the residuals', () => {
  const made = madeSamples(3, 2000, 20);
  for (let i = 0; i < 2000; i += 100) made.serviceNs[i] += 3e6;
  const model = fitCost(made, measured);
  assert.ok(Math.abs(model.service_ns.entry.value - 140) < 3);
  assert.ok(model.left_out >= 20 && model.left_out <= 60);
  assert.ok((model.residual_ns.max ?? 0) > 2e6);
});

void test('what the samples cannot tell apart is said, not guessed', () => {
  const made = madeSamples(4, 300, 0);
  const same = { ...made, entries: made.entries.fill(1), whole: made.whole.fill(0) };
  const { service_ns } = fitCost(same, measured);
  assert.equal(service_ns.base.separable, true);
  assert.equal(service_ns.entry.separable, false);
  assert.equal(service_ns.whole.separable, false);
});

void test('kinds and widths that cost more are found, and those that never come alone are not', () => {
  const made = madeSamples(5, 400, 0);
  const random = new Random(6);
  const few = made.entries.map(() => random.below(2));
  const classes = new Map([
    [3, made.entries.map((n, i) => n - few[i])],
    [4, few],
    [1, made.whole],
  ]);
  const serviceNs = made.serviceNs.map((took, i) => took + 55 * few[i]);
  const { service_ns, usual } = fitCost({ ...made, classes, serviceNs }, measured);
  assert.equal(usual, 'iotlb domain-range');
  assert.ok(Math.abs(service_ns.classes['iotlb pasid-range'].value - 55) < 1e-6);
  assert.equal(service_ns.classes['iotlb domain'].separable, false, 'the same as `whole`');
});

void test('too few ioctls are an error', () => {
  assert.throws(
    () => fitCost(madeSamples(1, 8, 1), measured),
    (error) => error instanceof ToolError && error.code === 'E_EMPTY',
  );
});

const cost = (value: number): CostModel['service_ns']['base'] => ({
  value,
  low: value,
  high: value,
  separable: true,
});
const model: CostModel = {
  format: 'iotlb-cost-model',
  version: 1,
  ...measured,
  samples: 100,
  left_out: 0,
  service_ns: {
    base: cost(800),
    entry: cost(150),
    page: cost(2),
    whole: cost(400),
    classes: { 'iotlb domain': cost(90) },
  },
  usual: 'iotlb pasid-range',
  r2: 1,
  residual_ns: { p50: 0, p90: 0, p99: 0, max: 0 },
};

/** One server a stream, ioctl after ioctl, from plain objects. */
function simulate(
  rows: readonly Row[],
  text: string,
): { total: number; stalls: number[]; ioctls: number } {
  const chain = parseChain(text);
  const max = chain.online?.maxEntries ?? 0;
  let total = 0;
  let ioctls = 0;
  const stalls: number[] = [];
  for (const { steps, free } of planOf(rows, chain).streams.values()) {
    stalls.push(...free.map(() => 0));
    let now = Number.NEGATIVE_INFINITY;
    for (const left = [...steps]; left.length > 0;) {
      now = Math.max(now, left[0].dueNs);
      const group = left.splice(0, 1);
      const entries = (): number => group.reduce((sum, step) => sum + step.entries.length, 0);
      while (left.length > 0 && left[0].dueNs <= now) {
        if (entries() + left[0].entries.length > max) break;
        group.push(...left.splice(0, 1));
      }
      const all = group.flatMap((step) => step.entries);
      const domainWide = all.filter((entry) => entry.scope === 0 && entry.domain !== undefined);
      const took =
        800 +
        150 * all.length +
        2 * all.reduce((sum, entry) => sum + entry.pages, 0) +
        400 * all.filter((entry) => (entry.scope & 2) === 0).length +
        90 * domainWide.length;
      now += took;
      total += took;
      ioctls++;
      for (const release of group.flatMap((step) => step.releases))
        stalls.push(Math.max(0, now - release.tNs));
    }
  }
  return { total, stalls, ioctls };
}

for (const text of [
  'none',
  'window',
  'drain:max=4',
  'flush-queue:size=4,timeout=20us',
  'adjacent',
]) {
  void test(`a prediction equals a simulated queue: ${text}`, () => {
    fc.assert(
      fc.property(recordings, (rows) => {
        const chain = parseChain(text);
        const predictor = new Predictor(model, chain.online?.maxEntries ?? 0);
        planFacts(batchesOf(rows, [7, 20]), chain, vtd, (stream, steps) =>
          predictor.steps(stream, steps),
        );
        const got = predictor.end();
        const wanted = simulate(rows, text);
        assert.equal(got.ioctls, wanted.ioctls);
        assert.ok(Math.abs(got.service_total_ns - wanted.total) < 1e-3);
        const stall = percentiles(Float64Array.from(wanted.stalls));
        for (const name of ['p50', 'p90', 'p99', 'max'] as const)
          assert.ok(closeBy(got.stall_ns[name], stall[name]), name);
      }),
      { numRuns: 300 },
    );
  });
}

void test('samples take from the plan what each row of a replay carried, over all passes', () => {
  fc.assert(
    fc.property(recordings, (rows) => {
      const plan = planTrace(batchesOf(rows), parseChain('barrier'), vtd);
      for (const { stream, steps } of plan.streams) {
        const wanted = planOf(rows, parseChain('barrier')).streams.get(stream)?.steps ?? [];
        const twice = [...wanted, ...wanted];
        const got = samplesOf(
          steps,
          {
            issuedNs: twice.map((_, i) => i * 100),
            completedNs: twice.map((_, i) => i * 100 + 7),
            errno: twice.map(() => 0),
            steps: twice.map(() => 1),
          },
          false,
        );
        assert.deepEqual(
          [...got.entries],
          twice.map((step) => step.entries.length),
        );
        assert.ok(got.serviceNs.every((took) => took === 7));
        const pages = twice.map((step) =>
          step.entries.reduce((sum, entry) => sum + entry.pages, 0),
        );
        assert.deepEqual([...got.pages], pages);
      }
    }),
    { numRuns: 100 },
  );
});

void test('replay, model and predict work as commands, one after the other', (t) => {
  const folder = folderFor(t);
  const result = join(folder, 'result.arrow');
  const file = join(folder, 'model.json');
  const strategy = 'window:us=1000';
  const replayed = iotlb(['replay', SAMPLE, '-s', strategy, '--asap', '-o', result, '-q']);
  if (replayed.code !== 0) {
    t.skip(`replay cannot run here: ${replayed.err}`);
    return;
  }
  const fitted = iotlb(['model', result, '-r', SAMPLE, '-o', file, '--json']);
  assert.equal(fitted.code, 0, fitted.err);
  assert.equal(json<CostModel>(fitted).provenance, 'null');
  const planned = iotlb(['plan', SAMPLE, '-s', strategy, '--predict', file, '--json']);
  assert.equal(planned.code, 0, planned.err);
  const { steps, prediction } = json<{ steps: number; prediction: { ioctls: number } }>(planned);
  assert.equal(prediction.ioctls, steps);
  assert.match(iotlb(['plan', SAMPLE, '--predict', file]).out, /not measured: from a model of/);
  assert.equal(iotlb(['plan', SAMPLE, '--predict', result]).code, 4);
  assert.equal(iotlb(['model', result, '-r', SAMPLE, '-o', file]).code, 2);
});

/** Within a thousandth of a ns, or both without a value. */
function closeBy(got: number | null, wanted: number | null): boolean {
  return got === null || wanted === null ? got === wanted : Math.abs(got - wanted) < 1e-3;
}
