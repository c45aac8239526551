// One ioctl per doorbell: what the guest makes visible with one tail write goes together, and no barrier is
// held back for anything that comes later (design 13). Where the recording shows no doorbells, a barrier
// interval counts as one.

import type { StepBatch } from '../steps/step-batch.ts';
import { kindChanges } from './kinds.ts';
import type { Stage, Strategy } from './strategy.ts';

const NONE_SHOWN = 0;

class DoorbellStage implements Stage {
  #submission = NONE_SHOWN;
  #lastDueNs = 0;

  push(input: StepBatch, output: StepBatch): void {
    // The same entries in the same order: only the boundaries between steps go.
    const entries = output.entries;
    const releases = output.releases;
    output.copyContents(input);
    const { steps, dueNs, entryEnd, releaseEnd, submission } = input;
    let openEntry = output.entryStart(output.steps);
    let openRelease = output.releaseStart(output.steps);
    let entry = entries;
    let release = releases;
    for (let step = 0; step < steps; step++) {
      if (
        entry > openEntry &&
        this.#endsBefore(submission[step], output, entry, release > openRelease)
      ) {
        output.commitUpTo(entry, release, this.#lastDueNs);
        openEntry = entry;
        openRelease = release;
      }
      this.#submission = submission[step];
      this.#lastDueNs = dueNs[step];
      entry = entries + entryEnd[step];
      release = releases + releaseEnd[step];
    }
    output.copyFree(input);
  }

  /** True where entry `entry`, of doorbell `submission`, does not go with those that are open. */
  #endsBefore(submission: number, output: StepBatch, entry: number, isReleasing: boolean): boolean {
    if (submission !== this.#submission) return true;
    return isReleasing && (submission === NONE_SHOWN || kindChanges(output, entry));
  }

  end(output: StepBatch): void {
    if (output.openEntries > 0) output.commit(this.#lastDueNs);
  }
}

export const doorbell: Strategy = {
  name: 'doorbell',
  summary: 'one ioctl per doorbell: what the guest makes visible at once goes together',
  parameters: [],
  comesFirst: true,
  ignoresWaits: true,
  reorders: false,
  widens: false,
  defers: false,
  grouping: () => ({ kind: 'submission' }),
  open: () => new DoorbellStage(),
};
