import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { NoiseFloor } from '../../../replayer/loop/noise.ts';
import { judgeFidelity, type FidelityInput } from '../../../replayer/result/fidelity.ts';
import { summarise } from '../../../replayer/result/summary.ts';
import { barrierRows, type RunRows } from '../../../replayer/result/run-rows.ts';

/** Steps 1 ms apart that take 1 µs, each late by what is given. */
function run(lateNs: readonly number[], serviceNs = 1e3, gapNs = 1e6): RunRows {
  const rows = lateNs.length;
  const dueNs = Float64Array.from({ length: rows }, (_, i) => i * gapNs);
  const issuedNs = dueNs.map((due, i) => due + lateNs[i]);
  return {
    stream: 0,
    rows,
    dueNs,
    freeNs: dueNs.map((_, i) => (i === 0 ? 0 : issuedNs[i - 1] + serviceNs)),
    issuedNs,
    completedNs: issuedNs.map((at) => at + serviceNs),
    entries: new Uint32Array(rows).fill(1),
    entriesDone: new Uint32Array(rows).fill(1),
    errno: new Int32Array(rows),
    firstSeq: dueNs.map((_, i) => i),
    lastSeq: dueNs.map((_, i) => i),
    calls: new Uint32Array(rows).fill(1),
    steps: new Uint32Array(rows).fill(1),
    stallEnd: new Uint32Array(rows),
    stallNs: new Float64Array(0),
    barriers: barrierRows(0),
    freeBarriers: 0,
  };
}

const floor = (share: number): NoiseFloor => ({
  span_ns: 1e9,
  reads: 1e7,
  share_over_1us: share,
  share_over_10us: share,
  share_over_100us: 0,
  gaps_over_10us: 10,
  longest_gap_ns: 60e3,
});

function judge(rows: RunRows, extra: Partial<FidelityInput> = {}) {
  return judgeFidelity({
    summary: summarise([rows]),
    floors: [floor(0.01)],
    gaps: [],
    isAsap: false,
    ...extra,
  });
}

const late = (count: number, of = 2_000): number[] =>
  Array.from({ length: of }, (_, i) => (i > 0 && i <= count ? 30e3 : 50));

test('on time but for one step in a thousand is faithful', () => {
  assert.equal(judge(run(late(2))).class, 'faithful');
});

test('as often late as the machine loses time is faithful to its noise', () => {
  const verdict = judge(run(late(25)));
  assert.equal(verdict.class, 'faithful-to-noise');
  assert.match(verdict.text, /1\.3 % of the steps were over 10 µs late.*noise takes 1 %/);
});

test('later than the noise explains is not faithful, and says by how much', () => {
  const verdict = judge(run(late(200)));
  assert.equal(verdict.class, 'not-faithful');
  assert.match(verdict.text, /^not faithful: 10 % of the steps/);
});

test('a gap that the floor does not show is not faithful, whatever the shares, and its cause is named', () => {
  const gaps = [{ at_ns: 0, length_ns: 2e6, cause: 'held-by-scheduler', stream: 0 }] as const;
  const verdict = judge(run(late(0)), { gaps });
  assert.equal(verdict.class, 'not-faithful');
  assert.match(verdict.text, /a gap of 2 ms: the scheduler held the thread/);
});

test('a gap that the floor shows too is the noise of the machine', () => {
  const gaps = [{ at_ns: 0, length_ns: 2e6, cause: 'unknown', stream: 0 }] as const;
  const noisy = { ...floor(0.01), longest_gap_ns: 3e6 };
  assert.equal(judge(run(late(0)), { gaps, floors: [noisy] }).class, 'faithful-to-noise');
});

test('a call that takes long is no fault of the replay', () => {
  const gaps = [{ at_ns: 0, length_ns: 2e6, cause: 'in-call', stream: 0 }] as const;
  assert.equal(judge(run(late(0)), { gaps }).class, 'faithful');
});

test("waiting for another stream's call is counted apart, and said", () => {
  // Stream 1 is always due while the call of stream 0 runs.
  const one = run(late(0), 5e3);
  const other = {
    ...run(Array.from({ length: 2_000 }, () => 5e3)),
    freeNs: one.completedNs,
    issuedNs: one.completedNs,
  };
  const summary = summarise([one, other]);
  assert.equal(summary.shared_steps, 2_000);
  assert.equal(summary.own_lateness_ns.p50, 0);
  assert.equal(summary.backlogged, 0);
  const { text } = judgeFidelity({ summary, floors: [], gaps: [], isAsap: false });
  assert.match(text, /50 % of the steps waited for another stream's call on the same thread/);
});

test('waiting for a slow call is the load, not the replayer: counted apart', () => {
  // Each call takes 2 ms at a step a ms: everything queues, nothing is the clock's fault.
  const rows = run(
    Array.from({ length: 2_000 }, (_, i) => i * 1e6),
    2e6,
  );
  const summary = summarise([rows]);
  assert.equal(summary.backlogged, 1_999);
  assert.equal(summary.own_lateness_ns.max, 0);
  const verdict = judge(rows);
  assert.equal(verdict.class, 'faithful');
  assert.match(verdict.text, /100 % of the steps queued/);
});

test('a run that stretches is not faithful', () => {
  const verdict = judge(run([...late(0), 400e3]));
  assert.equal(verdict.class, 'not-faithful');
  assert.match(verdict.text, /drift 400 µs/);
});

test('as fast as it goes has no schedule to be faithful to', () => {
  assert.equal(judge(run(late(100)), { isAsap: true }).class, 'no-schedule');
});

test('what queues behind a late step is not put down to calls', () => {
  // Step 1 is 5 ms late, steps come every 100 µs: the next fifty queue behind it.
  const rows = 2_000;
  const dueNs = Float64Array.from({ length: rows }, (_, i) => i * 100e3);
  const issuedNs = new Float64Array(rows);
  let free = 0;
  dueNs.forEach((due, i) => {
    issuedNs[i] = Math.max(free, due + (i === 1 ? 5e6 : 0));
    free = issuedNs[i] + 1e3;
  });
  const completedNs = issuedNs.map((at) => at + 1e3);
  const freeNs = completedNs.map((_, i) => (i === 0 ? 0 : completedNs[i - 1]));
  const summary = summarise([{ ...run(late(0)), dueNs, issuedNs, completedNs, freeNs }]);
  assert.equal(summary.backlogged, 0);
  assert.equal(summary.behind_late, 50);
});
