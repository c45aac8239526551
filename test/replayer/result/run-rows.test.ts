import assert from 'node:assert/strict';
import { test } from 'node:test';

import { dialects } from '../../../replayer/dialects/index.ts';
import { recordingIssuer } from '../../../replayer/issuers/recording.ts';
import type { Gap } from '../../../replayer/loop/gaps.ts';
import { scheduleStreams, type Pacing } from '../../../replayer/loop/schedule.ts';
import type { StreamRun } from '../../../replayer/loop/run.ts';
import { runRows } from '../../../replayer/result/run-rows.ts';
import { runFake } from '../../support/fake-loop.ts';
import { stepsAt, type StepAt } from '../../support/steps.ts';

/** Runs steps through the real loop under a fake clock, and makes rows of them. */
function rowsOf(
  list: readonly StepAt[],
  pacing: Pacing,
  serviceNs: readonly number[],
  passes = 1,
  gaps: readonly Gap[] = [],
) {
  const steps = stepsAt(list);
  const { streams, periodNs } = scheduleStreams([steps], { pacing, passes });
  const [schedule] = streams;
  const { output, rows } = runFake({
    dueNs: [...schedule.dueNs],
    serviceNs,
    passes,
    periodNs,
  });
  const run: StreamRun = {
    stream: 0,
    steps,
    schedule,
    periodNs,
    output,
    rows,
    fanout: 0,
    calls: steps.steps,
  };
  const session = recordingIssuer.open();
  return runRows(run, gaps, dialects.get('hwpt-vtd-s1'), session);
}

test('stall is release minus capture of each barrier', () => {
  const rows = rowsOf(
    [{ dueNs: 1_000, barriers: [1_010, 1_020] }, { dueNs: 9_000 }],
    { kind: 'recorded', speed: 1 },
    [500],
  );
  assert.deepEqual([...rows.stallNs], [490, 480]);
  assert.deepEqual([...rows.stallEnd], [2, 2]);
});

test('looping: every pass has its rows, its stalls and its requests', () => {
  const rows = rowsOf(
    [{ dueNs: 0, barriers: [10] }, { dueNs: 100 }],
    { kind: 'recorded', speed: 1 },
    [60],
    3,
  );
  assert.equal(rows.rows, 6);
  assert.deepEqual([...rows.stallNs], [50, 50, 50]);
  assert.deepEqual([...rows.stallEnd], [1, 1, 2, 2, 3, 3]);
  assert.deepEqual([...rows.firstSeq], [0, 2, 0, 2, 0, 2]);
});

test('a barrier that a gap fell into is marked, and only that one', () => {
  const steps = [
    { dueNs: 0, barriers: [0] },
    { dueNs: 10_000, barriers: [10_000] },
    { dueNs: 20_000, barriers: [20_000] },
  ];
  const gap = { at_ns: 10_100, length_ns: 1e3, stream: 0 } as const;
  const spoilt = (cause: Gap['cause']): number[] => [
    ...rowsOf(steps, { kind: 'recorded', speed: 1 }, [500], 1, [{ ...gap, cause }]).barriers.spoilt,
  ];
  assert.deepEqual(spoilt('steal'), [0, 1, 0]);
  assert.deepEqual(spoilt('in-call'), [0, 0, 0]);
});

test("a stall's own part is the lateness of its own call, not the queue before it", () => {
  const { stallNs, barriers } = rowsOf(
    [
      { dueNs: 0, barriers: [0] },
      { dueNs: 100, barriers: [100] },
    ],
    { kind: 'recorded', speed: 1 },
    [500],
  );
  assert.deepEqual([...stallNs], [500, 900]);
  assert.deepEqual([...barriers.stallOwnNs], [0, 0]);
  assert.deepEqual([...barriers.arrivalNs], [0, 100]);
  assert.deepEqual([...barriers.releasedNs], [500, 1_000]);
  assert.deepEqual([...barriers.interval], [0, 1]);
});
