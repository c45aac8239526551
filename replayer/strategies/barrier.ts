// One ioctl a barrier interval: requests wait for the barrier that asks for them, and go together.

import type { StepBatch } from '../steps/step-batch.ts';
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
    const { steps, dueNs, entryEnd, releaseEnd, releaseTNs } = input;
    let open = output.entryStart(output.steps);
    for (let step = 0, release = 0; step < steps; release = releaseEnd[step++]) {
      const end = entries + entryEnd[step];
      const isReleasing = releaseEnd[step] > release;
      // An interval that never ends is forced out (spec 7.6): nothing waits for it, memory stays bounded.
      if (!isReleasing && end - open < this.#max) continue;
      const due = isReleasing ? Math.max(dueNs[step], releaseTNs[release]) : dueNs[step];
      output.commitUpTo(end, releases + releaseEnd[step], due);
      open = end;
    }
    if (steps > 0) this.#lastDueNs = dueNs[steps - 1];
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
  grouping: (values) => ({ kind: 'interval', maxCommands: values.max }),
  open: (values) => new BarrierStage(values),
};
