// `drain` under a fake clock: the issue loop and the cutting arithmetic against a simulated queue.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { cutDue } from '../../../replayer/planner/index.ts';
import { runFake } from '../../support/fake-loop.ts';
import { range } from '../recording.ts';

interface Job {
  readonly dueNs: number;
  readonly entries: number;
}

interface Call {
  readonly from: number;
  readonly to: number;
  readonly issuedNs: number;
  readonly completedNs: number;
}

/** One server, jobs in order: each call takes the next job and all that are due by then, up to `max`. */
function simulate(jobs: readonly Job[], max: number, serviceNs: (call: number) => number): Call[] {
  const calls: Call[] = [];
  const waiting = jobs.map((job, i) => ({ ...job, i }));
  let now = 0;
  while (waiting.length > 0) {
    now = Math.max(now, waiting[0].dueNs);
    const taken = [waiting[0]];
    for (const job of waiting.slice(1)) {
      const entries = taken.reduce((sum, one) => sum + one.entries, 0) + job.entries;
      if (job.dueNs > now || entries > max) break;
      taken.push(job);
    }
    waiting.splice(0, taken.length);
    const done = now + serviceNs(calls.length);
    calls.push({
      from: taken[0].i,
      to: taken[taken.length - 1].i + 1,
      issuedNs: now,
      completedNs: done,
    });
    now = done;
  }
  return calls;
}

const jobs = fc
  .array(
    fc.record({
      gapNs: fc.constantFrom(0, 0, 1, 10, 100, 3000),
      entries: fc.integer({ min: 1, max: 5 }),
    }),
    {
      maxLength: 40,
    },
  )
  .map((items) => {
    let dueNs = 0;
    return items.map(({ gapNs, entries }): Job => ({ dueNs: (dueNs += gapNs), entries }));
  });
const services = fc.array(fc.constantFrom(0, 1, 50, 90, 400, 10_000), {
  minLength: 1,
  maxLength: 9,
});

void test('drain: the cutting arithmetic equals a simulated queue for random service times', () => {
  fc.assert(
    fc.property(jobs, services, fc.integer({ min: 1, max: 12 }), (list, times, max) => {
      let sum = 0;
      const plan = {
        steps: list.length,
        dueNs: Float64Array.from(list, (job) => job.dueNs),
        entryEnd: Uint32Array.from(list, (job) => (sum += job.entries)),
      };
      const calls: Call[] = [];
      let now = 0;
      for (let next = 0; next < plan.steps;) {
        now = Math.max(now, plan.dueNs[next]);
        const to = cutDue(plan, next, now, max);
        const completedNs = now + times[calls.length % times.length];
        calls.push({ from: next, to, issuedNs: now, completedNs });
        now = completedNs;
        next = to;
      }
      assert.deepEqual(
        calls,
        simulate(list, max, (call) => times[call % times.length]),
      );
    }),
    { numRuns: 1000 },
  );
});

void test('drain: the issue loop under a fake clock equals the simulated queue', () => {
  fc.assert(
    fc.property(jobs, services, fc.integer({ min: 1, max: 12 }), (list, times, max) => {
      assert.deepEqual(
        loopCalls(list, max, times),
        simulate(list, max, (call) => times[call % times.length]),
      );
    }),
    { numRuns: 1000 },
  );
});

function loopCalls(list: readonly Job[], max: number, times: readonly number[]): Call[] {
  if (list.length === 0) return [];
  const { rows, output } = runFake({
    dueNs: list.map((job) => job.dueNs),
    entries: list.map((job) => job.entries),
    maxEntries: max,
    joins: true, // everything may share a call: then a group is one ioctl
    serviceNs: list.map((_, i) => times[i % times.length]),
  });
  return range(0, rows).map((row) => ({
    from: row === 0 ? 0 : output.lastStep[row - 1] + 1,
    to: output.lastStep[row] + 1,
    issuedNs: output.issuedNs[row],
    completedNs: output.completedNs[row],
  }));
}
