// Joins page ranges that touch or overlap, inside one group.

import type { StepBatch } from '../plan/step-batch.ts';
import { RangeJoiner } from './join-ranges.ts';
import type { Stage, Strategy } from './strategy.ts';

class AdjacentStage implements Stage {
  readonly #joiner = new RangeJoiner();

  push(input: StepBatch, output: StepBatch): void {
    for (let step = 0; step < input.steps; step++) {
      this.#joiner.join(input, step, output);
      output.copyReleases(input, step);
      output.commit(input.dueNs[step]);
    }
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
