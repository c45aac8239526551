// A range as one entry a page, and from a limit on as the whole PASID: the Linux SMMUv3 driver on hardware
// without range invalidation (spec 7.3).

import { PRESENT } from '../../collector/model/index.ts';
import type { StepBatch } from '../plan/step-batch.ts';
import type { ParameterValues, Stage, Strategy } from './strategy.ts';
import { canWiden, dropRange } from './widen.ts';

class SinglePageStage implements Stage {
  readonly #limit: number;

  constructor(values: ParameterValues) {
    this.#limit = values.limit;
  }

  push(input: StepBatch, output: StepBatch): void {
    let from = 0;
    for (let step = 0; step < input.steps; step++) {
      const end = input.entryEnd[step];
      let first = input.entryStart(step);
      while (first < end && staysAsItIs(input, first)) first++;
      if (first === end) continue;
      output.appendSteps(input, from, step);
      from = step + 1;
      for (let i = input.entryStart(step); i < end; i++) this.#entry(input, i, output);
      output.copyReleases(input, step);
      output.commit(input.dueNs[step]);
    }
    output.appendSteps(input, from, input.steps);
    output.copyFree(input);
  }

  end(): void {
    // Every step is done when it comes: nothing is ever open.
  }

  #entry(input: StepBatch, index: number, output: StepBatch): void {
    const pages = input.pages[index];
    if (staysAsItIs(input, index)) {
      output.copyEntry(input, index);
    } else if (pages >= this.#limit) {
      const entry = output.copyEntry(input, index);
      dropRange(output, entry);
      output.widened[entry] = 1;
    } else {
      const first = output.repeatEntry(input, index, pages);
      output.pages.fill(1, first, output.entries);
      const page = input.page[index];
      for (let i = 0; i < pages; i++) output.page[first + i] = page + i;
    }
  }
}

/** A single page, or no range that the driver splits. */
function staysAsItIs(input: StepBatch, index: number): boolean {
  return (
    input.pages[index] === 1 ||
    (input.present[index] & PRESENT.range) === 0 ||
    !canWiden(input, index)
  );
}

export const singlePage: Strategy = {
  name: 'single-page',
  summary: 'one entry a page, the whole PASID from a limit on: hardware without ranges',
  parameters: [
    {
      name: 'limit',
      kind: 'count',
      default: '512',
      help: 'pages of a range from which on all of its PASID (or domain) goes; 512 is 2 MiB',
    },
  ],
  standsOn: 'barrier',
  reorders: false,
  widens: true,
  defers: false,
  open: (values) => new SinglePageStage(values),
};
