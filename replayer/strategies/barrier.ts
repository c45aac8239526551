// One ioctl a barrier interval: requests wait for the barrier that asks for them, and go together.

import type { StepBatch } from '../plan/step-batch.ts';
import type { ParameterValues, Stage, Strategy } from './strategy.ts';

/** Joins steps up to and including the first that releases a barrier; due when that barrier came. */
class BarrierStage implements Stage {
  readonly #max: number;
  #lastDueNs = 0;

  constructor(values: ParameterValues) {
    this.#max = values.max;
  }

  push(input: StepBatch, output: StepBatch): void {
    // The same entries in the same order: only the borders between steps go.
    const entries = output.entries;
    const releases = output.releases;
    output.copyContents(input);
    for (let step = 0; step < input.steps; step++) {
      const entryEnd = entries + input.entryEnd[step];
      const firstRelease = input.releaseStart(step);
      const due = input.dueNs[step];
      this.#lastDueNs = due;
      if (firstRelease !== input.releaseEnd[step]) {
        const release = Math.max(due, input.releaseTNs[firstRelease]);
        output.commitUpTo(entryEnd, releases + input.releaseEnd[step], release);
      } else if (entryEnd - output.entryStart(output.steps) >= this.#max) {
        // An interval that never ends is forced out (spec 7.6): nothing waits for it, memory stays bounded.
        output.commitUpTo(entryEnd, releases + input.releaseEnd[step], due);
      }
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
  parameters: [
    {
      name: 'max',
      kind: 'count',
      default: '65536',
      help: 'entries after which an interval without an end goes out',
    },
  ],
  reorders: false,
  widens: false,
  defers: false,
  open: (values) => new BarrierStage(values),
};
