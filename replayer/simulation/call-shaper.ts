// What goes out in one call of a closed loop: the entries of its group as the strategies behind the grouping
// leave them (`window+adjacent` joins inside the window).

import { addEntry, type EntryList } from '../closed-loop/entry-list.ts';
import type { RequestSort } from '../closed-loop/submissions.ts';
import type { StrategyChain } from '../strategies/chain.ts';
import type { Stage } from '../strategies/index.ts';
import { StepBatch } from '../steps/step-batch.ts';

export class CallShaper {
  readonly #chain: StrategyChain;
  readonly #sorts: readonly RequestSort[];
  readonly #entries = new StepBatch();
  readonly #joined: readonly StepBatch[];
  /** By link: its stage, as long as it keeps nothing from one call to the next. */
  readonly #stages: (Stage | undefined)[];

  constructor(chain: StrategyChain, sorts: readonly RequestSort[]) {
    this.#chain = chain;
    this.#sorts = sorts;
    this.#joined = chain.joining.map(() => new StepBatch());
    this.#stages = chain.joining.map(() => undefined);
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
      const stage = (this.#stages[i] ??= each.open());
      stage.push(input, output);
      if (output.steps === 0 || output.openEntries > 0) {
        // It waits for more, which a call does not get: the next call has one of its own.
        stage.end(output);
        this.#stages[i] = undefined;
      }
      input = output;
    });
    return input;
  }
}
