// The owner protocol against its recurrence: while a doorbell's write is under way, CPUs gather; the next
// doorbell takes them all. And what the what-if draws from a recording.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { Submissions } from '../../../replayer/closed-loop/submissions.ts';
import { simulateOwner, type Ask } from '../../../replayer/simulation/owner.ts';
import { drawable, paysFrom, whatIf } from '../../../replayer/simulation/what-if.ts';
import { parseChain } from '../../../replayer/strategies/chain.ts';
import { randomRows } from '../closed-loop/random-rows.ts';

interface Found {
  readonly stallNs: number;
  readonly calls: number;
  readonly doorbells: number;
}

/** Each doorbell gathers all CPUs that asked until the one before it returned. */
function recurrence(
  cpus: readonly (readonly Ask[])[],
  callsOf: (cpus: number) => number,
  exitNs: number,
  serviceNs: number,
): Found {
  const next = cpus.map(() => 0);
  const atNs = cpus.map((asks) => asks[0]?.thinkNs ?? Infinity);
  let freeNs = 0;
  let stallNs = 0;
  let calls = 0;
  let doorbells = 0;
  for (;;) {
    const soonest = Math.min(...atNs);
    if (soonest === Infinity) return { stallNs, calls, doorbells };
    const ringsNs = Math.max(soonest, freeNs);
    const gathered = cpus.map((_, cpu) => cpu).filter((cpu) => atNs[cpu] <= ringsNs);
    doorbells++;
    calls += callsOf(gathered.length);
    freeNs = ringsNs + exitNs + serviceNs * callsOf(gathered.length);
    for (const cpu of gathered) {
      stallNs += freeNs - atNs[cpu];
      next[cpu]++;
      atNs[cpu] = freeNs + (cpus[cpu][next[cpu]]?.thinkNs ?? Infinity);
    }
  }
}

const cpus = fc.array(
  fc.array(fc.record({ thinkNs: fc.constantFrom(0, 1, 5, 12, 40, 200), entries: fc.constant(1) }), {
    maxLength: 12,
  }),
  { minLength: 1, maxLength: 12 },
);

void test('calls inside the doorbell follow the recurrence of the owner protocol', () => {
  fc.assert(
    fc.property(
      cpus,
      fc.constantFrom(0, 5),
      fc.constantFrom(1, 7, 30),
      fc.constantFrom('none', 'barrier', 'doorbell'),
      (asks, exitNs, serviceNs, name) => {
        const { grouping } = parseChain(name);
        const got = simulateOwner({
          cpus: asks,
          grouping,
          exitNs,
          pollNs: 0,
          serviceNs: () => serviceNs,
        });
        const callsOf = (count: number): number => (name === 'doorbell' ? 1 : count);
        const { stallNs, calls, doorbells } = recurrence(asks, callsOf, exitNs, serviceNs);
        assert.deepEqual(
          { stallNs: got.stallNs, calls: got.calls, doorbells: got.doorbells },
          { stallNs, calls, doorbells },
        );
        assert.equal(got.waits, asks.flat().length);
      },
    ),
    { numRuns: 1000 },
  );
});

void test('whatever holds, every wait ends and no call is lost', () => {
  fc.assert(
    fc.property(
      cpus,
      fc.constantFrom('eager', 'drain', 'drain:max=2', 'window:us=0.01', 'window:us=0.01,early=0'),
      fc.constantFrom(0, 3),
      (asks, name, pollNs) => {
        const got = simulateOwner({
          cpus: asks,
          grouping: parseChain(name).grouping,
          exitNs: 2,
          pollNs,
          serviceNs: (entries) => 4 + entries,
        });
        const waits = asks.flat().length;
        assert.equal(got.waits, waits);
        assert.ok(got.calls <= waits && (waits === 0 || got.calls > 0));
        // Each wait lasts at least its exit and a call of one entry.
        assert.ok(got.stallNs >= waits * (2 + 4 + 1));
      },
    ),
  );
});

void test('a what-if draws only intervals with a request and a think time, and is the same for the same seed', () => {
  fc.assert(
    fc.property(
      randomRows,
      fc.constantFrom('owner' as const, 'locks' as const),
      (rows, protocol) => {
        const submissions = new Submissions();
        submissions.push(rows);
        submissions.end();
        const intervals = drawable(submissions);
        assert.ok(intervals.every((one) => one.thinkNs >= 0 && one.requests.length > 0));
        const chains = ['none', 'drain'].map((text) => parseChain(text));
        const run = (): ReturnType<typeof whatIf> =>
          whatIf(submissions, {
            chains,
            waiters: [1, 3],
            exitsNs: [0, 5],
            pollsNs: [0],
            protocol,
            options: { serial: 'domain', servers: 'stream', exitNs: 0, pollNs: 0 },
            serviceNs: () => 10,
            speed: 1,
            intervals: 4,
            seed: 7,
          });
        const once = run();
        assert.deepEqual(run(), once);
        if (intervals.length === 0) return assert.equal(once.length, 0);
        assert.equal(once.length, 2 * 2 * chains.length);
        for (const row of once) assert.equal(row.waits, 4 * row.waiters);
      },
    ),
    { numRuns: 200 },
  );
});

void test('a strategy pays from the number on from which it stays better', () => {
  const row = (waiters: number, strategy: string, stall: number) => ({
    waiters,
    strategy,
    stall_total_ns: stall,
    exit_ns: 0,
    poll_ns: 0,
    calls: 0,
    doorbells: 0,
    waits: 0,
  });
  const rows = [1, 2, 4, 8].flatMap((n) => [
    row(n, 'none', 100 * n),
    row(n, 'a', n === 2 ? 999 : 50 * n),
    row(n, 'b', 99 * n),
  ]);
  assert.equal(paysFrom(rows, 'a', 'none'), 4);
  assert.equal(paysFrom(rows, 'b', 'none'), null);
});
