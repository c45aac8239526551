// One strategy in the closed loop, simulated: what it costs the guest, what it issues, whether that is safe
// and possible. The rules are `../closed-loop`'s, the checks `../verdict`'s.

import type { Calls } from '../closed-loop/calls.ts';
import type { Cursor } from '../closed-loop/cursor.ts';
import type { Observer } from '../closed-loop/driver.ts';
import type { EntryList } from '../closed-loop/entry-list.ts';
import type { LoopOptions } from '../closed-loop/options.ts';
import { ROW } from '../closed-loop/rows.ts';
import { simulate, type SimulatedTotals } from '../closed-loop/simulate.ts';
import type { Submissions } from '../closed-loop/submissions.ts';
import type { Dialect } from '../dialects/index.ts';
import { StepTally } from '../planner/tally.ts';
import type { StrategyChain } from '../strategies/chain.ts';
import { RunCheck, type CheckRules, type Possible } from '../verdict/run-check.ts';
import { CallShaper } from './call-shaper.ts';
import type { ServiceModel } from './service.ts';

export interface LoopRunSetup {
  readonly submissions: Submissions;
  readonly options: LoopOptions;
  readonly service: ServiceModel;
  readonly dialect: Dialect;
  readonly rules: CheckRules;
  /** Sees also what the run itself looks at. */
  readonly watch?: Observer | undefined;
}

export interface LoopRun {
  readonly totals: SimulatedTotals;
  readonly possible: Possible;
  /** What was issued, and the check of it; undefined where the plan of recorded times says the same. */
  readonly issued: { readonly tally: StepTally; readonly check: RunCheck } | undefined;
}

/**
 * True where who shares a call does not depend on the run: a call holds one submission, or one interval of a
 * stream that has one waiter (design §13, plan and replay).
 */
export function isPlannedOnce(
  { grouping }: StrategyChain,
  { streamsOf, streams }: Submissions,
): boolean {
  if (grouping.kind === 'request' || grouping.kind === 'submission') return true;
  if (grouping.kind !== 'interval') return false;
  const waiters = streams.map(() => 0);
  for (const its of streamsOf) for (const stream of its) waiters[stream]++;
  return waiters.every((count) => count <= 1);
}

export function runLoop(chain: StrategyChain, setup: LoopRunSetup): LoopRun {
  const { submissions, options, service } = setup;
  const isOnce = isPlannedOnce(chain, submissions);
  const watcher = new Watcher(chain, setup, isOnce);
  const { ofEntries } = service;
  const isPlain = ofEntries !== undefined && isOnce && chain.joining.length === 0;
  const totals = simulate({
    submissions,
    grouping: chain.grouping,
    options,
    service: isPlain
      ? (call, calls) => ofEntries(calls.entries[call])
      : (call) => watcher.serviceNs[call],
    observer: watcher.observer(isPlain),
  });
  watcher.check.end();
  const { tally, check } = watcher;
  return {
    totals,
    possible: check.possible,
    issued: isOnce ? undefined : { tally, check },
  };
}

class Watcher {
  readonly tally: StepTally;
  readonly check: RunCheck;
  /** By call: what it takes. */
  readonly serviceNs: number[] = [];
  readonly #shaper: CallShaper;
  readonly #submissions: Submissions;
  readonly #service: ServiceModel;
  readonly #watch: Observer | undefined;
  readonly #isOnce: boolean;
  #doorbell = 0;
  #calls: Calls | undefined;

  constructor(chain: StrategyChain, setup: LoopRunSetup, isOnce: boolean) {
    this.tally = new StepTally(setup.dialect);
    this.check = new RunCheck(setup.rules);
    this.#shaper = new CallShaper(chain, setup.submissions.sorts);
    this.#submissions = setup.submissions;
    this.#service = setup.service;
    this.#watch = setup.watch;
    this.#isOnce = isOnce;
  }

  /** `isPlain`: the entries of a call need not be looked at. */
  observer(isPlain: boolean): Observer {
    const watch = this.#watch;
    return {
      arrived: (waiter, submission, i, nowNs) => {
        this.#arrived(waiter, submission, i);
        watch?.arrived?.(waiter, submission, i, nowNs);
      },
      ...(isPlain
        ? {}
        : {
            formed: (call: number, calls: Calls, list: EntryList, from: number, to: number) => {
              this.#formed(call, calls, list, from, to);
              watch?.formed?.(call, calls, list, from, to);
            },
          }),
      started: (call, nowNs) => watch?.started?.(call, nowNs),
      completed: (call, nowNs) => {
        if (this.#calls !== undefined) this.check.completed(call, this.#calls.stream[call], nowNs);
        watch?.completed?.(call, nowNs);
      },
      released: (stream, row, waiter, nowNs) => {
        this.check.released(waiter, stream, row, nowNs);
        watch?.released?.(stream, row, waiter, nowNs);
      },
    };
  }

  #arrived(waiter: number, submission: Cursor, i: number): void {
    if (i === 0) this.#doorbell++;
    const { stream } = submission;
    const seq = submission.row[i];
    this.check.arrived(waiter, this.#doorbell, stream, seq);
    if (submission.what[i] === ROW.barrier) {
      this.check.barrier(waiter, this.#doorbell, stream, seq);
    } else if (!this.#isOnce && submission.what[i] === ROW.request) {
      const sort = this.#submissions.sorts[submission.sort[i]];
      this.check.request(stream, seq, sort, submission.page[i], submission.pages[i]);
    } else if (submission.what[i] === ROW.configuration) {
      this.check.configuration(stream);
    }
  }

  #formed(call: number, calls: Calls, list: EntryList, from: number, to: number): void {
    const entries = this.#shaper.shape(list, from, to, list.atNs[to - 1]);
    this.serviceNs[call] = this.#service.of(entries);
    if (this.#isOnce) return;
    this.#calls = calls;
    this.tally.steps(entries);
    this.check.issued(call, calls.stream[call], entries);
  }
}
