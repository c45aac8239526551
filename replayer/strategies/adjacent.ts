// Joins page ranges that touch or overlap, inside one group.

import type { StepBatch } from '../plan/step-batch.ts';
import { RangeJoiner } from './join-ranges.ts';
import type { Stage, Strategy } from './strategy.ts';

class AdjacentStage implements Stage {
  readonly #joiner = new RangeJoiner();

  push(input: StepBatch, output: StepBatch): void {
    let from = 0;
    for (let step = 0; step < input.steps; step++) {
      if (!this.#joiner.joins(input, step)) continue;
      output.appendSteps(input, from, step);
      from = step + 1;
      this.#joiner.join(input, step, output);
      output.copyReleases(input, step);
      output.commit(input.dueNs[step]);
    }
    output.appendSteps(input, from, input.steps);
    output.copyFree(input);
  }

  end(): void {
    // Every step is done when it comes: nothing is ever open.
  }
}

export const adjacent: Strategy = {
  name: 'adjacent',
  summary: 'per barrier interval, ranges that touch or overlap joined',
  parameters: [],
  standsOn: 'barrier',
  reorders: true,
  widens: false,
  defers: false,
  open: () => new AdjacentStage(),
};
