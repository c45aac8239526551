// A custom rule in the closed loop: written as a rule, `window` and `drain` do to the ns what they do built in.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { simulate, type SimulatedTotals } from '../../../replayer/closed-loop/simulate.ts';
import type { LoopRows } from '../../../replayer/closed-loop/rows.ts';
import type { LoopOptions } from '../../../replayer/closed-loop/options.ts';
import { Submissions } from '../../../replayer/closed-loop/submissions.ts';
import type { Grouping, HoldingRule, StreamState } from '../../../replayer/strategies/grouping.ts';
import { loopOptions, randomRows } from './random-rows.ts';

class WindowRule implements HoldingRule {
  readonly #widthNs: number;
  readonly #early: boolean;
  #closesNs = Number.POSITIVE_INFINITY;

  constructor(widthNs: number, early: boolean) {
    this.#widthNs = widthNs;
    this.#early = early;
  }

  arrived(_entries: unknown, _entry: number, nowNs: number): void {
    this.#closesNs = Math.min(this.#closesNs, nowNs + this.#widthNs);
  }

  completed(): void {}

  closed(): void {
    this.#closesNs = Number.POSITIVE_INFINITY;
  }

  closesAtNs({ nowNs, isEveryoneWaiting }: StreamState): number {
    return this.#early && isEveryoneWaiting ? nowNs : this.#closesNs;
  }
}

class DrainRule implements HoldingRule {
  arrived(): void {}
  completed(): void {}
  closed(): void {}

  closesAtNs({ nowNs, isServerIdle }: StreamState): number {
    return isServerIdle ? nowNs : Number.POSITIVE_INFINITY;
  }
}

function totals(rows: LoopRows, grouping: Grouping, options: LoopOptions): SimulatedTotals {
  const submissions = new Submissions();
  submissions.push(rows);
  submissions.end();
  return simulate({
    submissions,
    grouping,
    options,
    service: (call, { entries }) => 5 + entries[call],
  });
}

const custom = (open: () => HoldingRule): Grouping => ({ kind: 'custom', open });

void test('window as a custom rule is the built-in window', () => {
  fc.assert(
    fc.property(
      randomRows,
      loopOptions,
      fc.constantFrom(1, 5, 40),
      fc.boolean(),
      (rows, options, widthNs, early) => {
        const built: Grouping = {
          kind: 'window',
          widthNs,
          early,
          maxCommands: Infinity,
          thenDrain: false,
        };
        assert.deepEqual(
          totals(
            rows,
            custom(() => new WindowRule(widthNs, early)),
            options,
          ),
          totals(rows, built, options),
        );
      },
    ),
    {
      numRuns: 500,
      // Two streams whose groups open at one moment and share a server: the one that arrived first goes first.
      examples: [
        [
          {
            count: 4,
            seq: [0, 1, 2, 3],
            tNs: [0, 0, 0, 0],
            stream: [0, 0, 1, 0],
            waiter: [0, 0, 1, 0],
            submission: [0, 0, 0, 0],
            what: [2, 1, 1, 2],
            lock: [0, 0, 10, 0],
            target: [0, 0, 10, 0],
            kind: [0, 0, 0, 0],
            scope: [0, 2, 2, 0],
            flags: [2, 2, 2, 2],
            present: [9, 9, 9, 9],
            domainId: [0, 0, 0, 0],
            pasid: [0, 0, 0, 0],
            sourceId: [0, 0, 0, 0],
            page: [0, 0, 0, 0],
            pages: [1, 1, 1, 1],
            commands: [1, 1, 1, 1],
          },
          { serial: 'cpu', servers: 'vm', exitNs: 0, pollNs: 0 },
          1,
          false,
        ],
      ],
    },
  );
});

void test('drain as a custom rule is the built-in drain', () => {
  fc.assert(
    fc.property(randomRows, loopOptions, (rows, options) => {
      // Where a group may not hold two kinds, a rule is told of each part; drain cuts them from one list.
      const oneKind = { ...rows, kind: Array.from({ length: rows.count }, () => 0) };
      assert.deepEqual(
        totals(
          oneKind,
          custom(() => new DrainRule()),
          { ...options, servers: 'stream' },
        ),
        totals(
          oneKind,
          { kind: 'drain', maxCommands: Infinity },
          { ...options, servers: 'stream' },
        ),
      );
    }),
    { numRuns: 500 },
  );
});
