// What if the guest were larger (design §13): N CPUs each ask as one of the recorded does. Intervals are drawn
// from the recording with replacement, seeded. A what-if, and said to be one: nothing is replayed.

import { Random } from '../../collector/base/index.ts';
import { PRESENT } from '../../collector/model/index.ts';
import { Cursor } from '../closed-loop/cursor.ts';
import type { LoopOptions } from '../closed-loop/options.ts';
import { ROW, type LoopRows } from '../closed-loop/rows.ts';
import { simulate } from '../closed-loop/simulate.ts';
import { Submissions } from '../closed-loop/submissions.ts';
import type { StrategyChain } from '../strategies/chain.ts';
import { simulateOwner } from './owner.ts';

/** How CPUs of the guest come to wait at once: SMMUv3's owner protocol, or the locks of `--serial`. */
export type Protocol = 'owner' | 'locks';

export interface WhatIfSetup {
  readonly chains: readonly StrategyChain[];
  /** Numbers of CPUs. */
  readonly waiters: readonly number[];
  readonly exitsNs: readonly number[];
  readonly pollsNs: readonly number[];
  readonly protocol: Protocol;
  readonly options: LoopOptions;
  /** What a call of so many entries takes. */
  readonly serviceNs: (entries: number) => number;
  /** Think times are divided by it. */
  readonly speed: number;
  /** Intervals of each CPU. */
  readonly intervals: number;
  readonly seed: number;
}

export interface WhatIfRow {
  readonly waiters: number;
  readonly exit_ns: number;
  readonly poll_ns: number;
  readonly strategy: string;
  readonly calls: number;
  readonly doorbells: number;
  readonly waits: number;
  readonly stall_total_ns: number;
}

/** A recorded interval: how long its waiter thought before it, and the requests in it. */
interface Recorded {
  readonly thinkNs: number;
  readonly stream: number;
  readonly requests: readonly Request[];
}

interface Request {
  readonly sort: number;
  readonly page: number;
  readonly pages: number;
}

/** The intervals of all waiters that can be drawn: those with a request, behind another interval. */
export function drawable(submissions: Submissions): readonly Recorded[] {
  const found: Recorded[] = [];
  submissions.waiters.forEach((_, waiter) => {
    const cursor = new Cursor(submissions, waiter);
    let before = Number.NaN;
    let thinkNs = Number.NaN;
    let requests: Request[] = [];
    for (; cursor.isThere && cursor.chained; cursor.advance()) {
      if (cursor.starts) {
        thinkNs = Math.max(0, cursor.firstNs - before);
        requests = [];
      }
      let hasBarrier = false;
      for (let i = 0; i < cursor.rows; i++) {
        if (cursor.what[i] === ROW.barrier) hasBarrier = true;
        if (cursor.what[i] !== ROW.request || hasBarrier) continue;
        const { sort, page, pages } = cursor;
        requests.push({ sort: sort[i], page: page[i], pages: pages[i] });
      }
      if (!hasBarrier) continue;
      before = cursor.lastNs;
      if (!Number.isNaN(thinkNs) && requests.length > 0)
        found.push({ thinkNs, stream: cursor.stream, requests });
    }
  });
  return found;
}

export function whatIf(submissions: Submissions, setup: WhatIfSetup): readonly WhatIfRow[] {
  const intervals = drawable(submissions);
  const rows: WhatIfRow[] = [];
  if (intervals.length === 0) return rows;
  for (const waiters of setup.waiters) {
    const drawn = draw(intervals, waiters, setup);
    const made = setup.protocol === 'locks' ? submissionsOf(drawn, submissions) : undefined;
    for (const exitNs of setup.exitsNs)
      for (const pollNs of setup.pollsNs)
        for (const chain of setup.chains) {
          const options = { ...setup.options, exitNs, pollNs };
          const found =
            made === undefined
              ? owned(drawn, chain, setup, options)
              : locked(made, chain, setup, options);
          rows.push({
            waiters,
            exit_ns: exitNs,
            poll_ns: pollNs,
            strategy: chain.text,
            ...found,
          });
        }
    made?.close();
  }
  return rows;
}

type Found = Pick<WhatIfRow, 'calls' | 'doorbells' | 'waits' | 'stall_total_ns'>;

function draw(
  intervals: readonly Recorded[],
  waiters: number,
  { seed, speed, intervals: count }: WhatIfSetup,
): readonly (readonly Recorded[])[] {
  return Array.from({ length: waiters }, (_, waiter) => {
    const random = new Random(seed, waiter);
    return Array.from({ length: count }, () => {
      const one = intervals[random.below(intervals.length)];
      return { ...one, thinkNs: one.thinkNs / speed };
    });
  });
}

function owned(
  drawn: readonly (readonly Recorded[])[],
  { grouping }: StrategyChain,
  { serviceNs }: WhatIfSetup,
  { exitNs, pollNs }: LoopOptions,
): Found {
  const cpus = drawn.map((all) =>
    all.map(({ thinkNs, requests }) => ({ thinkNs, entries: requests.length })),
  );
  const totals = simulateOwner({ cpus, grouping, exitNs, pollNs, serviceNs });
  const { calls, doorbells, waits, stallNs } = totals;
  return { calls, doorbells, waits, stall_total_ns: stallNs };
}

function locked(
  submissions: Submissions,
  { grouping }: StrategyChain,
  { serviceNs }: WhatIfSetup,
  options: LoopOptions,
): Found {
  const { calls, doorbells, barriers, stallNs, inLineNs } = simulate({
    submissions,
    grouping,
    options,
    service: (call, table) => serviceNs(table.entries[call]),
  });
  // From a CPU's entry into the driver, its place in the line for the lock included.
  return { calls, doorbells, waits: barriers, stall_total_ns: stallNs + inLineNs };
}

/** What the CPUs would ask, as a recording of them; only distances of times matter. */
function submissionsOf(drawn: readonly (readonly Recorded[])[], from: Submissions): Submissions {
  const made = new Submissions();
  let seq = 0;
  drawn.forEach((intervals, waiter) => {
    let nowNs = 0;
    for (const { thinkNs, stream, requests } of intervals) {
      nowNs += Math.round(thinkNs);
      made.push(rowsOf(requests, { from, stream, waiter, nowNs, seq }));
      seq += requests.length + 1;
    }
  });
  made.end();
  return made;
}

function rowsOf(
  requests: readonly Request[],
  at: {
    readonly from: Submissions;
    readonly stream: number;
    readonly waiter: number;
    readonly nowNs: number;
    readonly seq: number;
  },
): LoopRows {
  const { from, stream, waiter, nowNs, seq } = at;
  const count = requests.length + 1;
  const all = (value: number): number[] => Array.from({ length: count }, () => value);
  const sorts = requests.map((request) => from.sorts[request.sort]);
  const each = (pick: (i: number) => number): number[] => [...requests.map((_, i) => pick(i)), 0];
  return {
    count,
    seq: Array.from({ length: count }, (_, i) => seq + i),
    tNs: all(nowNs),
    stream: all(stream),
    waiter: all(waiter),
    submission: all(seq + 1),
    what: [...requests.map(() => ROW.request), ROW.barrier],
    lock: each((i) => sorts[i].lock),
    target: each((i) => (sorts[i].target === from.eachEntry ? -1 : sorts[i].target)),
    kind: each((i) => sorts[i].kind),
    scope: each((i) => sorts[i].scope),
    flags: each((i) => sorts[i].flags),
    present: each((i) => sorts[i].present | PRESENT.range),
    domainId: each((i) => sorts[i].domainId),
    pasid: each((i) => sorts[i].pasid),
    sourceId: each((i) => sorts[i].sourceId),
    page: each((i) => requests[i].page),
    pages: each((i) => requests[i].pages),
    commands: each((i) => sorts[i].commands),
  };
}

/** Where a strategy begins to pay: the fewest CPUs with whom, and with all larger numbers, it stalls less than the first by a twentieth. */
export function paysFrom(
  rows: readonly WhatIfRow[],
  strategy: string,
  baseline: string,
): number | null {
  const numbers = [...new Set(rows.map((row) => row.waiters))].sort((a, b) => b - a);
  const stall = (name: string, waiters: number): number =>
    rows.find((row) => row.strategy === name && row.waiters === waiters)?.stall_total_ns ??
    Number.NaN;
  let from: number | null = null;
  for (const waiters of numbers) {
    if (!(stall(strategy, waiters) < 0.95 * stall(baseline, waiters))) break;
    from = waiters;
  }
  return from;
}
