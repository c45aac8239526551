// A range as one entry a page, and from a limit on as the whole PASID: the Linux SMMUv3 driver on hardware
// without range invalidation (spec 7.3).

import { PRESENT } from '../../collector/model/index.ts';
import type { StepBatch } from '../steps/step-batch.ts';
import { EntrySplitter } from './split-entries.ts';
import type { ParameterValues, Stage, Strategy } from './strategy.ts';
import { canWiden, dropRange } from './widen.ts';

class SinglePageStage implements Stage {
  readonly #limit: number;
  readonly #split = new EntrySplitter();

  constructor(values: ParameterValues) {
    this.#limit = values.limit;
  }

  push(input: StepBatch, output: StepBatch): void {
    const counts = this.#split.begin(input);
    for (let i = 0; i < counts.length; i++)
      if (!staysAsItIs(input, i) && input.pages[i] < this.#limit) counts[i] = input.pages[i];
    const first = this.#split.append(input, output);
    const { page, pages, widened } = output;
    for (let i = 0, to = first; i < counts.length; to += counts[i++]) {
      if (counts[i] > 1) {
        for (let k = 0; k < counts[i]; k++) {
          page[to + k] += k;
          pages[to + k] = 1;
        }
      } else if (!staysAsItIs(input, i)) {
        dropRange(output, to);
        widened[to] = 1;
      }
    }
  }

  end(): void {
    // Every step is done when it comes: nothing is ever open.
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
  ignoresWaits: true,
  reorders: false,
  widens: true,
  defers: false,
  open: (values) => new SinglePageStage(values),
};
