// The check of plans on recorded times, one per strategy and stream: which of them no guest could have done.

import { ROW, type LoopRows } from '../closed-loop/rows.ts';
import type { StepSink } from '../planner/index.ts';
import type { StrategyChain } from '../strategies/chain.ts';
import { PlanCheck, possibleOf } from '../verdict/plan-check.ts';
import type { Possible } from '../verdict/run-check.ts';

export class OpenLoopChecks {
  /** By strategy, by stream. */
  readonly #checks: readonly Map<number, PlanCheck>[];

  constructor(chains: readonly StrategyChain[]) {
    this.#checks = chains.map(() => new Map());
  }

  /** Rows in capture order, before the steps that carry them. */
  take(rows: LoopRows): void {
    for (const checks of this.#checks)
      for (let i = 0; i < rows.count; i++) {
        const check = checkOf(checks, rows.stream[i]);
        const { waiter, submission, seq } = rows;
        if (rows.what[i] === ROW.barrier) check.barrier(waiter[i], submission[i], seq[i]);
        else if (rows.what[i] === ROW.request) check.request(waiter[i], submission[i], seq[i]);
      }
  }

  /** Sees the steps of strategy `i`. */
  sink(i: number): StepSink {
    return (stream, steps) => checkOf(this.#checks[i], stream).steps(steps);
  }

  possible(i: number): Possible {
    return possibleOf([...this.#checks[i].values()]);
  }
}

function checkOf(checks: Map<number, PlanCheck>, stream: number): PlanCheck {
  let check = checks.get(stream);
  if (check === undefined) checks.set(stream, (check = new PlanCheck()));
  return check;
}
