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
    // The same entries in the same order: only the borders between steps move.
    const entries = output.entries;
    const releases = output.releases;
    output.copyContents(input);
    for (let step = 0; step < input.steps; step++) {
      const due = input.dueNs[step];
      const start = entries + input.entryStart(step);
      const release = releases + input.releaseStart(step);
      if (start > output.entryStart(output.steps)) {
        const closesNs = this.#openedNs + this.#widthNs;
        if (due > closesNs) output.commitUpTo(start, release, closesNs);
        else if (release > output.releaseStart(output.steps) && kindChanges(output, start))
          output.commitUpTo(start, release, due);
      }
      if (start === output.entryStart(output.steps)) this.#openedNs = due;
      const end = entries + input.entryEnd[step];
      if (end - output.entryStart(output.steps) >= this.#max)
        output.commitUpTo(end, releases + input.releaseEnd[step], due);
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
function kindChanges(batch: StepBatch, entry: number): boolean {
  return batch.kind[entry - 1] !== batch.kind[entry];
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
