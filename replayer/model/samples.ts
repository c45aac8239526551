// A plan and the rows of its replay -> samples for the cost model: what each issued group of steps carried
// (from the plan) and how long it took (from the rows). Failed ioctls are no samples.

import { PRESENT } from '../../collector/model/index.ts';
import type { StepBatch } from '../planner/index.ts';
import { entryClass } from './entry-class.ts';
import type { CostSamples } from './cost-model.ts';

/** What a sample needs of a replay's rows, in order. */
export interface TimedRows {
  readonly issuedNs: ArrayLike<number>;
  readonly completedNs: ArrayLike<number>;
  readonly errno: ArrayLike<number>;
  /** Planned steps that the row joins. */
  readonly steps: ArrayLike<number>;
}

/** The samples of one stream. With `keepErrors`, calls that failed count too: the null issuer's all do. */
export function samplesOf(plan: StepBatch, rows: TimedRows, keepErrors: boolean): CostSamples {
  const count = rows.steps.length;
  const out = {
    entries: new Float64Array(count),
    pages: new Float64Array(count),
    whole: new Float64Array(count),
    serviceNs: new Float64Array(count),
  };
  const classes = new Map<number, Float64Array>();
  let kept = 0;
  let step = 0;
  for (let row = 0; row < count; row++) {
    const last = step + rows.steps[row] - 1;
    if (keepErrors || rows.errno[row] === 0) {
      const start = plan.entryStart(step);
      const end = plan.entryEnd[last];
      out.entries[kept] = end - start;
      for (let i = start; i < end; i++) {
        if ((plan.present[i] & PRESENT.range) === 0) out.whole[kept]++;
        else out.pages[kept] += plan.pages[i];
        const its = entryClass(plan, i);
        let column = classes.get(its);
        if (column === undefined) classes.set(its, (column = new Float64Array(count)));
        column[kept]++;
      }
      out.serviceNs[kept++] = rows.completedNs[row] - rows.issuedNs[row];
    }
    step = last + 1 < plan.steps ? last + 1 : 0; // a new pass
  }
  return {
    entries: out.entries.slice(0, kept),
    pages: out.pages.slice(0, kept),
    whole: out.whole.slice(0, kept),
    classes: new Map([...classes].map(([its, column]) => [its, column.slice(0, kept)])),
    serviceNs: out.serviceNs.slice(0, kept),
  };
}

export function joinSamples(all: readonly CostSamples[]): CostSamples {
  const join = (pick: (one: CostSamples) => Float64Array): Float64Array => {
    const out = new Float64Array(all.reduce((sum, one) => sum + pick(one).length, 0));
    let at = 0;
    for (const one of all) {
      out.set(pick(one), at);
      at += pick(one).length;
    }
    return out;
  };
  return {
    entries: join((one) => one.entries),
    pages: join((one) => one.pages),
    whole: join((one) => one.whole),
    classes: new Map(
      [...new Set(all.flatMap((one) => [...one.classes.keys()]))].map((its) => [
        its,
        join((one) => one.classes.get(its) ?? new Float64Array(one.serviceNs.length)),
      ]),
    ),
    serviceNs: join((one) => one.serviceNs),
  };
}
