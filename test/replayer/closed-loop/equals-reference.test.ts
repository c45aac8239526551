// The law of the simulation: on random recordings, with every grouping and every option, it equals a slow
// event-by-event reference to the ns, call by call and barrier by barrier.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import type { Grouping } from '../../../replayer/strategies/grouping.ts';
import type { LoopOptions } from '../../../replayer/closed-loop/options.ts';
import type { LoopRows } from '../../../replayer/closed-loop/rows.ts';
import { simulate } from '../../../replayer/closed-loop/simulate.ts';
import { Submissions } from '../../../replayer/closed-loop/submissions.ts';
import { Tapes } from '../../../replayer/closed-loop/tape.ts';
import { groupings, loopOptions, randomRows } from './random-rows.ts';
import { referenceLoop, type ReferenceCall } from './reference.ts';

const RECORDINGS = 1000;

interface Happened {
  readonly calls: ReferenceCall[];
  readonly arrivalNs: number[];
  readonly releaseNs: number[];
  readonly stallNs: number;
  readonly guestNs: number;
  readonly spanNs: number;
}

function simulated(
  rows: LoopRows,
  grouping: Grouping,
  options: LoopOptions,
  serviceNs: (commands: number) => number,
): Happened {
  const submissions = new Submissions(new Tapes(0));
  submissions.push(rows);
  submissions.end();
  const arrivalNs = Array.from({ length: rows.count }, () => Number.NaN);
  const releaseNs = Array.from({ length: rows.count }, () => Number.NaN);
  const open = new Map<
    number,
    { seqs: number[]; stream: number; target: number; startNs: number }
  >();
  const calls: ReferenceCall[] = [];
  const totals = simulate({
    submissions,
    grouping,
    options,
    service: (call, { commands }) => serviceNs(commands[call]),
    observer: {
      arrived: (_waiter, { row }, i, nowNs) => (arrivalNs[row[i]] = nowNs),
      formed(call, { stream, target }, list, from, to) {
        const seqs: number[] = [];
        for (let i = from; i < to; i++)
          if (submissions.sorts[list.sort[i]].target === target[call]) seqs.push(list.row[i]);
        const its = rows.target[seqs[0]];
        open.set(call, {
          seqs,
          stream: submissions.streams[stream[call]],
          target: its,
          startNs: 0,
        });
      },
      started(call, nowNs) {
        const one = open.get(call);
        assert.ok(one !== undefined);
        one.startNs = nowNs;
      },
      completed(call, doneNs) {
        const one = open.get(call);
        assert.ok(one !== undefined);
        calls.push({ ...one, doneNs });
      },
      released: (_stream, row, _waiter, nowNs) => (releaseNs[row] = nowNs),
    },
  });
  submissions.close();
  assert.equal(totals.calls, calls.length);
  const { stallNs, guestNs, spanNs } = totals;
  return { calls, arrivalNs, releaseNs, stallNs, guestNs, spanNs };
}

const sorted = (calls: readonly ReferenceCall[]): readonly ReferenceCall[] =>
  [...calls].sort((a, b) => a.seqs[0] - b.seqs[0]);

void test(`the simulation equals the reference on ${RECORDINGS} random recordings, to the ns`, () => {
  fc.assert(
    fc.property(
      randomRows,
      groupings,
      loopOptions,
      fc.constantFrom(0, 1, 4, 30),
      fc.constantFrom(0, 3),
      (rows, grouping, options, baseNs, perCommandNs) => {
        const serviceNs = (commands: number): number => baseNs + perCommandNs * commands;
        const { calls, ...mine } = simulated(rows, grouping, options, serviceNs);
        const { calls: theirs, ...reference } = referenceLoop(rows, grouping, options, serviceNs);
        assert.deepEqual(mine, reference);
        assert.deepEqual(sorted(calls), sorted(theirs));
      },
    ),
    { numRuns: RECORDINGS },
  );
});
