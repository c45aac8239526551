// The closed loop with real calls: the native one against the plain one, which drives the same engine as the
// simulation, and both against the simulation itself.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import { SERIALS } from '../../../replayer/closed-loop/options.ts';
import { simulate } from '../../../replayer/closed-loop/simulate.ts';
import { runClosed, submissionsOf } from '../../support/closed-work.ts';
import { groupings, randomRows } from '../closed-loop/random-rows.ts';

const services = fc.array(fc.constantFrom(0, 1, 2, 5, 13, 40), { minLength: 1, maxLength: 30 });

test('random recordings: the native loop and the plain one make the same calls, bytes, stamps and releases', () => {
  fc.assert(
    fc.property(
      randomRows,
      groupings,
      fc.constantFrom(...SERIALS),
      services,
      fc.boolean(),
      (rows, grouping, serial, serviceNs, isArray) => {
        runClosed({ rows, grouping, serial, serviceNs, isArray });
      },
    ),
    { numRuns: 600 },
  );
});

test('a stop and an error end both at the same call', () => {
  fc.assert(
    fc.property(
      randomRows,
      groupings,
      fc.integer({ min: -1, max: 20 }),
      fc.array(fc.constantFrom(0, 0, 0, 0, 5), { maxLength: 40 }),
      fc.boolean(),
      (rows, grouping, stopAfter, errnos, stopOnError) => {
        runClosed({
          rows,
          grouping,
          serial: 'cpu',
          serviceNs: [3],
          isArray: true,
          stopAfter,
          errnos,
          stopOnError,
        });
      },
    ),
    { numRuns: 200 },
  );
});

test('with one stream, real calls that take as long as the service model says are the simulation', () => {
  fc.assert(
    fc.property(
      randomRows,
      groupings,
      fc.constantFrom(...SERIALS),
      fc.integer({ min: 0, max: 20 }),
      (all, grouping, serial, service) => {
        const rows = {
          ...all,
          stream: Array.from({ length: all.count }, () => 0),
          tNs: Array.from(all.tNs, (tNs) => tNs + 1_000), // a run begins at 0
        };
        // One host object a domain, so that a formed call is one system call.
        const even = { ...rows, target: Array.from(rows.target, (t) => (t < 0 ? t : 2 * t)) };
        const released = new Map<number, number>();
        const submissions = submissionsOf(even);
        const totals = simulate({
          submissions,
          grouping,
          options: { serial, servers: 'stream', exitNs: 0, pollNs: 0 },
          service: () => service,
          observer: { released: (_stream, seq, _waiter, nowNs) => void released.set(seq, nowNs) },
        });
        submissions.close();
        const real = runClosed({
          rows: even,
          grouping,
          serial,
          serviceNs: [service],
          isArray: true,
        });
        assert.equal(real.calls.length, totals.calls);
        real.closed.items.forEach(({ seq }, i) =>
          assert.equal(real.closed.releasedNs[i], released.get(seq) ?? Number.NaN),
        );
        assert.equal(real.stallNs, totals.stallNs);
      },
    ),
    { numRuns: 300 },
  );
});
