// Groups across barriers: the first request opens a window, everything until it closes goes in one
// ioctl, and the barriers inside wait for it. Safe, and paid for in stall (design 5).

import type { StepBatch } from '../plan/step-batch.ts';
import type { ParameterValues, Stage, Strategy } from './strategy.ts';

class WindowStage implements Stage {
  readonly #widthNs: number;
  readonly #max: number;
  #openedNs = 0;

  constructor(values: ParameterValues) {
    this.#widthNs = values.us;
    this.#max = values.max;
  }

  push(input: StepBatch, output: StepBatch): void {
    for (let step = 0; step < input.steps; step++) {
      const due = input.dueNs[step];
      if (output.openEntries > 0 && due > this.#openedNs + this.#widthNs) {
        output.commit(this.#openedNs + this.#widthNs);
      }
      if (output.openReleases > 0 && kindChanges(input, step, output)) output.commit(due);
      if (output.openEntries === 0) this.#openedNs = due;
      output.copyEntries(input, step);
      output.copyReleases(input, step);
      if (output.openEntries >= this.#max) output.commit(due);
    }
    output.copyFree(input);
  }

  end(output: StepBatch): void {
    if (output.openEntries > 0) output.commit(this.#openedNs + this.#widthNs);
  }
}

/**
 * Between two kinds the guest's barrier must stay a wait of the hardware's too: a device TLB filled from
 * an IOTLB that is still stale would stay wrong (spec 7.3, 7.6).
 */
function kindChanges(input: StepBatch, step: number, output: StepBatch): boolean {
  return output.kind[output.entries - 1] !== input.kind[input.entryStart(step)];
}

export const window: Strategy = {
  name: 'window',
  summary: 'everything within a time window in one ioctl, barriers held until it completes',
  parameters: [
    { name: 'us', kind: 'microseconds', default: '50', help: 'length of the window' },
    { name: 'max', kind: 'count', default: '64', help: 'entries that close it early' },
  ],
  reorders: false,
  widens: false,
  defers: false,
  open: (values) => new WindowStage(values),
};
