// What goes out in one call of a closed loop: the entries of its group as the strategies behind the grouping
// leave them (`window+adjacent` joins inside the window).

import type { EntryList } from '../closed-loop/entry-list.ts';
import type { RequestSort } from '../closed-loop/submissions.ts';
import type { StrategyChain } from '../strategies/chain.ts';
import { StepBatch } from '../steps/step-batch.ts';

export class CallShaper {
  readonly #chain: StrategyChain;
  readonly #sorts: readonly RequestSort[];
  readonly #entries = new StepBatch();
  readonly #joined: readonly StepBatch[];

  constructor(chain: StrategyChain, sorts: readonly RequestSort[]) {
    this.#chain = chain;
    this.#sorts = sorts;
    this.#joined = chain.joining.map(() => new StepBatch());
  }

  /**
   * The entries of a call: those of `list` from `from` to `to - 1` that have the target of the first. Valid
   * until the next call of `shape`; all are committed.
   */
  shape(list: EntryList, from: number, to: number, nowNs: number): StepBatch {
    const first = this.#entries;
    first.clear();
    const { target } = this.#sorts[list.sort[from]];
    for (let i = from; i < to; i++) {
      const sort = this.#sorts[list.sort[i]];
      if (sort.target === target) addEntry(first, list, i, sort);
    }
    first.commit(nowNs);
    let input = first;
    this.#chain.joining.forEach((each, i) => {
      const output = this.#joined[i];
      output.clear();
      const stage = each.open();
      stage.push(input, output);
      stage.end(output);
      input = output;
    });
    return input;
  }
}

function addEntry(steps: StepBatch, list: EntryList, i: number, sort: RequestSort): void {
  const entry = steps.nextEntry();
  steps.kind[entry] = sort.kind;
  steps.scope[entry] = sort.scope;
  steps.flags[entry] = sort.flags;
  steps.present[entry] = sort.present;
  steps.domainId[entry] = sort.domainId;
  steps.pasid[entry] = sort.pasid;
  steps.page[entry] = list.page[i];
  steps.pages[entry] = list.pages[i];
  steps.entryFirstSeq[entry] = list.row[i];
  steps.entryLastSeq[entry] = list.row[i];
}
