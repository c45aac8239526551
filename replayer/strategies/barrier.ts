// One ioctl a barrier interval: requests wait for the barrier that asks for them, and go together.

import type { StepBatch } from '../plan/step-batch.ts';
import type { Stage, Strategy } from './strategy.ts';

/** Joins steps up to and including the first that releases a barrier; due when that barrier came. */
class BarrierStage implements Stage {
  #lastDueNs = 0;

  push(input: StepBatch, output: StepBatch): void {
    for (let step = 0; step < input.steps; step++) {
      output.copyEntries(input, step);
      this.#lastDueNs = input.dueNs[step];
      const firstRelease = input.releaseStart(step);
      if (firstRelease === input.releaseEnd[step]) continue;
      output.copyReleases(input, step);
      output.commit(Math.max(this.#lastDueNs, input.releaseTNs[firstRelease]));
    }
    output.copyFree(input);
  }

  end(output: StepBatch): void {
    if (output.openEntries > 0) output.commit(this.#lastDueNs);
  }
}

export const barrier: Strategy = {
  name: 'barrier',
  summary: 'one ioctl per barrier interval, nothing merged',
  parameters: [],
  reorders: false,
  widens: false,
  defers: false,
  open: () => new BarrierStage(),
};
