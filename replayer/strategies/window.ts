// Groups across barriers: the first request opens a window, everything until it closes goes in one
// ioctl, and the barriers inside wait for it. Safe, and paid for in stall (design 5).

import type { StepBatch } from '../steps/step-batch.ts';
import { kindChanges } from './kinds.ts';
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
    const { steps, dueNs, entryEnd, releaseEnd } = input;
    let openEntry = output.entryStart(output.steps);
    let openRelease = output.releaseStart(output.steps);
    let entry = entries;
    let release = releases;
    const close = (due: number): void => {
      output.commitUpTo(entry, release, due);
      openEntry = entry;
      openRelease = release;
    };
    for (let step = 0; step < steps; step++) {
      const due = dueNs[step];
      if (entry > openEntry) {
        const closesNs = this.#openedNs + this.#widthNs;
        if (due > closesNs) close(closesNs);
        else if (release > openRelease && kindChanges(output, entry)) close(due);
      }
      if (entry === openEntry) this.#openedNs = due;
      entry = entries + entryEnd[step];
      release = releases + releaseEnd[step];
      if (entry - openEntry >= this.#max) close(due);
    }
    output.copyFree(input);
  }

  end(output: StepBatch): void {
    if (output.openEntries > 0) output.commit(this.#openedNs + this.#widthNs);
  }
}

export const window: Strategy = {
  name: 'window',
  summary: 'everything within a time window in one ioctl, barriers held until it completes',
  parameters: [
    { name: 'us', kind: 'microseconds', default: '50', help: 'length of the window' },
    { name: 'max', kind: 'count', default: '64', help: 'entries that close it early' },
    {
      name: 'early',
      kind: 'switch',
      default: '1',
      help: 'in a closed loop: 1 closes it as soon as every waiter waits, 0 does not',
    },
  ],
  reorders: false,
  widens: false,
  defers: false,
  grouping: (values) => ({
    kind: 'window',
    widthNs: values.us,
    maxCommands: values.max,
    early: values.early === 1,
    thenDrain: false,
  }),
  open: (values) => new WindowStage(values),
};
