import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import { EXACT, runFake, runStreams } from '../../support/fake-loop.ts';

const dueTimes = fc
  .array(fc.integer({ min: 0, max: 300_000 }), { minLength: 1, maxLength: 60 })
  .map((gaps) => {
    let at = 0;
    return gaps.map((gap) => (at += gap));
  });
const services = fc.array(fc.integer({ min: 0, max: 400_000 }), { minLength: 1, maxLength: 60 });

test('every step is issued once, in order, and never before it is due', () => {
  fc.assert(
    fc.property(dueTimes, services, (dueNs, serviceNs) => {
      const { rows, calls, output } = runFake({ dueNs, serviceNs });
      assert.equal(rows, dueNs.length);
      assert.deepEqual(
        calls.map((call) => call.argument),
        dueNs.map((_, i) => 1000 + i),
      );
      for (let row = 0; row < rows; row++) {
        assert.ok(output.issuedNs[row] >= dueNs[row]);
        assert.ok(output.completedNs[row] >= output.issuedNs[row]);
        if (row > 0) assert.ok(output.issuedNs[row] >= output.completedNs[row - 1]);
      }
    }),
  );
});

test('due times are absolute: what was late changes none of them', () => {
  fc.assert(
    fc.property(
      dueTimes,
      services,
      fc.integer({ min: 0, max: 1e9 }),
      (dueNs, serviceNs, startNs) => {
        const { rows, output } = runFake({ dueNs, serviceNs, startNs });
        assert.deepEqual([...output.dueNs.subarray(0, rows)], dueNs);
      },
    ),
  );
});

test('a late step moves no other: once the queue is worked off, steps go out on time again', () => {
  const dueNs = [0, 1_000, 2_000, 3_000, 900_000, 901_000];
  const { output } = runFake({ dueNs, serviceNs: [500_000, 100] });
  assert.ok(output.issuedNs[1] > 500_000 - 1);
  assert.ok(output.issuedNs[4] - 900_000 <= 2);
  assert.ok(output.issuedNs[5] - 901_000 <= 2);
});

test('a step that is due already is issued at the reading that ended the one before it', () => {
  const { output } = runFake({ dueNs: [0, 0, 0], serviceNs: [250] });
  assert.equal(output.issuedNs[1], output.completedNs[0]);
  assert.equal(output.issuedNs[2], output.completedNs[1]);
});

test('a thread that wakes late is woken earlier next time', () => {
  const clock = { readNs: 50, wakeNs: 30_000 };
  const dueNs = Array.from({ length: 20 }, (_, i) => (i + 1) * 1e6);
  const { output } = runFake({ dueNs, clock });
  for (let row = 1; row < 20; row++) assert.ok(output.issuedNs[row] - dueNs[row] <= 50);
});

test('a wait of seconds is slept in pieces, so that a stop is noticed', () => {
  for (const clock of [{ readNs: 1 }, EXACT]) {
    const { sleeps, longestSleepNs } = runFake({ dueNs: [0, 1e9], clock });
    assert.ok(sleeps >= 20);
    assert.ok(longestSleepNs <= 50e6);
  }
});

test('stopping keeps what was done and says how much that was', () => {
  const dueNs = [0, 10, 20, 30, 40];
  const { rows, calls, output, stepsDone } = runFake({ dueNs, stopAfter: 2 });
  assert.equal(rows, 3);
  assert.equal(calls.length, 3);
  assert.equal(stepsDone, 3);
  assert.deepEqual([...output.lastStep.subarray(0, rows)], [0, 1, 2]);
});

test('with stop-on-error the failed step is the last row, with its errno', () => {
  const { rows, output } = runFake({ dueNs: [0, 1, 2], errnos: [0, 5], stopOnError: true });
  assert.equal(rows, 2);
  assert.deepEqual([...output.errno.subarray(0, rows)], [0, 5]);
});

test('without stop-on-error an errno is data and the run goes on', () => {
  const { rows, output } = runFake({ dueNs: [0, 1, 2], errnos: [0, 5, 0] });
  assert.equal(rows, 3);
  assert.deepEqual([...output.errno.subarray(0, rows)], [0, 5, 0]);
});

test('online: what came due during a call goes in the next one, joined, up to the limit', () => {
  // The first call lasts until 1000; by then steps 1 to 5 are due.
  const { rows, calls, output } = runFake({
    dueNs: [0, 10, 20, 30, 40, 50, 100_000],
    serviceNs: [1_000, 1],
    maxEntries: 4,
    joins: true,
  });
  assert.equal(rows, 4);
  assert.deepEqual([...output.lastStep.subarray(0, rows)], [0, 4, 5, 6]);
  assert.deepEqual(
    calls.map((call) => call.count),
    [1, 4, 1, 1],
  );
});

test('online: a step larger than the limit still goes out, alone', () => {
  const { rows, output } = runFake({
    dueNs: [0, 0, 0],
    entries: [9, 9, 9],
    maxEntries: 4,
    joins: true,
  });
  assert.equal(rows, 3);
  assert.deepEqual([...output.entries.subarray(0, rows)], [9, 9, 9]);
});

test('online: every entry is issued exactly once, whatever the calls cost', () => {
  fc.assert(
    fc.property(dueTimes, services, fc.integer({ min: 1, max: 8 }), (dueNs, serviceNs, max) => {
      const run = { dueNs, serviceNs, maxEntries: max, joins: true };
      const { rows, calls, output } = runFake(run);
      assert.equal(output.lastStep[rows - 1], dueNs.length - 1);
      assert.equal(
        calls.reduce((sum, call) => sum + call.count, 0),
        dueNs.length,
      );
      for (const call of calls) assert.ok(call.count <= max);
      for (let row = 0; row < rows; row++) {
        assert.ok(output.issuedNs[row] >= dueNs[output.lastStep[row]]);
      }
    }),
  );
});

test('looping repeats all steps with the period between passes, and a group never spans two', () => {
  const { output, rows } = runFake({ dueNs: [0, 100], passes: 3, periodNs: 250 });
  assert.deepEqual([...output.dueNs.subarray(0, rows)], [0, 100, 250, 350, 500, 600]);
  const online = runFake({
    dueNs: [0, 0],
    passes: 3,
    maxEntries: 64,
    joins: true,
  });
  assert.deepEqual([...online.output.lastStep.subarray(0, online.rows)], [1, 1, 1]);
});

test('ten hours of looping end within a nanosecond of exact arithmetic', () => {
  const tenHours = 36_000e9;
  // 1/3 ns that a sum would carry along; the period is not representable.
  const periodNs = tenHours / 30_000 + 1 / 3;
  const clock = { readNs: 1 };
  const { output, rows } = runFake({ dueNs: [0], passes: 30_000, periodNs, clock });
  for (const pass of [0, 1, 9_999, 29_999]) {
    const exact = (BigInt(pass) * (36_000_000_000_000n * 3n + 30_000n)) / 90_000n;
    assert.ok(Math.abs(output.dueNs[pass] - Number(exact)) <= 1);
  }
  assert.equal(rows, 30_000);
});

test('streams that share a thread are issued in due order, each in its own', () => {
  const streams = fc.array(dueTimes, { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(streams, services, (list, serviceNs) => {
      const outcome = runStreams(
        list.map((dueNs) => ({ dueNs })),
        { serviceNs },
      );
      const order = list
        .flatMap((dueNs, stream) => dueNs.map((due, i) => ({ due, stream, i })))
        .sort((a, b) => a.due - b.due || a.stream - b.stream || a.i - b.i);
      assert.deepEqual(
        outcome.calls.map(({ fd, argument }) => ({ fd, argument })),
        order.map(({ stream, i }) => ({ fd: 7 + stream, argument: 1000 * (1 + stream) + i })),
      );
      outcome.streams.forEach(({ rows, output }, stream) => {
        assert.equal(rows, list[stream].length);
        for (let row = 0; row < rows; row++) {
          assert.equal(output.issuedNs[row], Math.max(output.dueNs[row], output.freeNs[row]));
        }
      });
    }),
  );
});

test('a thousand streams on one thread end, every step of each issued', () => {
  const list = Array.from({ length: 1_000 }, (_, stream) => ({
    dueNs: Array.from({ length: 5 }, (_each, i) => i * 1_000 + ((stream * 37) % 1_000)),
  }));
  const { streams, calls } = runStreams(list, { serviceNs: [100], clock: { readNs: 1 } });
  assert.equal(calls.length, 5_000);
  assert.ok(streams.every(({ rows }) => rows === 5));
});

test('a call that reports no count counts its entries when it succeeds, and none when it fails', () => {
  const { output } = runFake({
    dueNs: [0, 0, 0, 0],
    entries: [0, 1, 0, 1],
    errnos: [0, 0, 0, 2],
    uncounted: true,
    maxEntries: 8,
  });
  assert.equal(output.entries[0], 2);
  assert.equal(output.reported[0], 1);
  assert.equal(output.errno[0], 2);
});

test('random work: the native loop and the plain one make the same calls, groups, errors and stamps', () => {
  const stream = fc.record({
    dueNs: dueTimes,
    entries: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 60, maxLength: 60 }),
    passes: fc.integer({ min: 1, max: 3 }),
    periodNs: fc.double({ min: 0, max: 1e6, noNaN: true }),
    maxEntries: fc.integer({ min: 0, max: 12 }),
    joins: fc.boolean(),
    uncounted: fc.boolean(),
  });
  const machine = fc.record({
    serviceNs: services,
    errnos: fc.array(fc.constantFrom(0, 0, 0, 5, 25), { maxLength: 80 }),
    stopOnError: fc.boolean(),
    stopAfter: fc.integer({ min: -1, max: 300 }),
    startNs: fc.integer({ min: 0, max: 1e12 }),
    clock: fc.record({ wakeNs: fc.integer({ min: 0, max: 50_000 }) }),
  });
  fc.assert(
    fc.property(fc.array(stream, { minLength: 1, maxLength: 5 }), machine, (list, on) => {
      runStreams(list, on); // compares them
    }),
    { numRuns: 300 },
  );
});
