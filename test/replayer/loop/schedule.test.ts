import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import { scheduleStreams } from '../../../replayer/loop/schedule.ts';
import { stepsAt, stepsOf } from '../../support/steps.ts';

const recorded = (speed: number) => ({ kind: 'recorded', speed }) as const;

test('recorded: the first step of any stream is due at the start, the others keep their distance', () => {
  const { streams } = scheduleStreams([stepsOf([700, 900]), stepsOf([500, 501])], {
    pacing: recorded(1),
  });
  assert.deepEqual([...streams[0].dueNs], [200, 400]);
  assert.deepEqual([...streams[1].dueNs], [0, 1]);
});

test('speed is exact to the nanosecond at both ends of ten hours, at any speed', () => {
  const tenHours = 36_000_000_000_000;
  const speeds = fc.tuple(fc.integer({ min: 1, max: 100 }), fc.constant(10));
  fc.assert(
    fc.property(speeds, fc.integer({ min: 0, max: tenHours }), ([numerator, denominator], at) => {
      const { streams } = scheduleStreams([stepsOf([0, at, tenHours])], {
        pacing: recorded(numerator / denominator),
      });
      for (const [index, time] of [at, tenHours].entries()) {
        const exact2 = (2n * BigInt(time) * BigInt(denominator)) / BigInt(numerator);
        const due = Math.round(streams[0].dueNs[index + 1]);
        assert.ok(Math.abs(2 * due - Number(exact2)) <= 2);
      }
    }),
  );
});

test('rate: due times come from the index, so that none drifts', () => {
  const { streams } = scheduleStreams([stepsOf(Array.from({ length: 10_000 }, (_, i) => i))], {
    pacing: { kind: 'rate', perSecond: 30_000 },
  });
  assert.equal(Math.round(streams[0].dueNs[9_999]), Math.round((9_999 * 1e9) / 30_000));
});

test('rate: the rate is that of all streams together, in recorded order', () => {
  const { streams } = scheduleStreams([stepsOf([0, 20]), stepsOf([10, 30])], {
    pacing: { kind: 'rate', perSecond: 1e6 },
  });
  assert.deepEqual([...streams[0].dueNs], [0, 2_000]);
  assert.deepEqual([...streams[1].dueNs], [1_000, 3_000]);
});

test('asap: everything is due at once', () => {
  const { streams } = scheduleStreams([stepsOf([5, 10, 15])], { pacing: { kind: 'asap' } });
  assert.deepEqual([...streams[0].dueNs], [0, 0, 0]);
});

test('a barrier moves with the schedule', () => {
  const steps = [stepsAt([{ dueNs: 100, barriers: [110, 120] }, { dueNs: 200 }])];
  const open = scheduleStreams(steps, { pacing: recorded(2) });
  assert.deepEqual([...open.streams[0].barrierNs], [5, 10]);
});

test('max-gap cuts idle stretches of all streams together, and says how much was cut', () => {
  const steps = [stepsOf([0, 1_000, 90_000]), stepsOf([500, 50_000])];
  const { streams, idleRemovedNs } = scheduleStreams(steps, {
    pacing: recorded(1),
    maxGapNs: 10_000,
  });
  assert.deepEqual([...streams[0].dueNs], [0, 1_000, 21_000]);
  assert.deepEqual([...streams[1].dueNs], [500, 11_000]);
  assert.equal(idleRemovedNs, 39_000 + 30_000);
});

test('max-gap keeps every shorter distance, the order, and leaves no longer one', () => {
  const times = fc.array(fc.integer({ min: 0, max: 5_000 }), { minLength: 2, maxLength: 60 });
  fc.assert(
    fc.property(times, fc.integer({ min: 1, max: 2_000 }), (gaps, maxGapNs) => {
      let at = 0;
      const list = gaps.map((gap) => (at += gap));
      const { streams } = scheduleStreams([stepsOf(list)], { pacing: recorded(1), maxGapNs });
      const due = [...streams[0].dueNs];
      for (let i = 1; i < due.length; i++) {
        assert.equal(due[i] - due[i - 1], Math.min(maxGapNs, list[i] - list[i - 1]));
      }
    }),
  );
});

test('a pass of a constant rate ends one gap before the next begins: no jump in time', () => {
  const { periodNs } = scheduleStreams([stepsOf([0, 50, 100, 150])], {
    pacing: recorded(1),
    passes: 4,
  });
  assert.equal(periodNs, 200);
  const rate = scheduleStreams([stepsOf([0, 1, 2])], {
    pacing: { kind: 'rate', perSecond: 1_000 },
    passes: 2,
  });
  assert.equal(rate.periodNs, 3e6);
});

test('a speed of zero is refused', () => {
  assert.throws(
    () => scheduleStreams([stepsOf([0])], { pacing: recorded(0) }),
    /speed must be above 0/,
  );
});
