// Entries that become several: how many of each is said first, then all are made at once and given their
// values.

import type { StepBatch } from '../steps/step-batch.ts';

export class EntrySplitter {
  #room = new Uint32Array(64);
  #counts = this.#room;

  /** One for each entry of the committed steps of `input`; to be raised where it becomes more. */
  begin(input: StepBatch): Uint32Array {
    const entries = input.entryStart(input.steps);
    if (entries > this.#room.length)
      this.#room = new Uint32Array(2 ** Math.ceil(Math.log2(entries)));
    this.#counts = this.#room.subarray(0, entries).fill(1);
    return this.#counts;
  }

  /** Appends the steps and free barriers of `input`, each entry so often. Returns the first new entry. */
  append(input: StepBatch, output: StepBatch): number {
    const first = output.entries;
    if (this.#counts.some((count) => count > 1)) output.appendCounted(input, this.#counts);
    else output.appendSteps(input, 0, input.steps);
    output.copyFree(input);
    return first;
  }
}
