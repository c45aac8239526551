// Counts of a plan, per stream: what would be issued. Pages are 4 KiB, over ranged entries (design 7).

import { PRESENT } from '../../collector/model/index.ts';
import type { Dialect } from '../dialects/index.ts';
import type { StepBatch } from '../steps/step-batch.ts';

export class StepTally {
  count = 0;
  entries = 0;
  issuedPages = 0;
  hardwareWaits = 0;
  /** Pages that the kernel's driver makes of the ranged entries, where the dialect knows its rule. */
  hardwarePages = 0;
  /** Entries wider than what their requests asked, by the strategy or because the dialect can't say less. */
  widened = 0;
  mostEntries = 0;
  readonly #dialect: Dialect;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  /** All committed steps of `batch`. */
  steps(batch: StepBatch): void {
    const ends = batch.steps === 0 ? 0 : batch.entryEnd[batch.steps - 1];
    this.count += batch.steps;
    this.entries += ends;
    this.#countSteps(batch);
    this.#countEntries(batch, ends);
  }

  #countSteps(batch: StepBatch): void {
    const dialect = this.#dialect;
    const { steps, entryEnd } = batch;
    let start = 0;
    for (let step = 0; step < steps; step++) {
      const end = entryEnd[step];
      let commands = end - start;
      if (commands > this.mostEntries) this.mostEntries = commands;
      if (dialect.commandsOf !== undefined) {
        commands = 0;
        for (let i = start; i < end; i++) commands += dialect.commandsOf(batch, i);
      }
      this.hardwareWaits += dialect.hardwareWaits(commands);
      start = end;
    }
  }

  #countEntries(batch: StepBatch, count: number): void {
    const dialect = this.#dialect;
    const { present, page, pages, widened } = batch;
    let issued = 0;
    let hardware = 0;
    let wider = 0;
    for (let entry = 0; entry < count; entry++) {
      if (widened[entry] === 1 || dialect.widens?.(batch, entry) === true) wider++;
      if ((present[entry] & PRESENT.range) === 0) continue;
      issued += pages[entry];
      hardware += dialect.hardwarePages?.(page[entry], pages[entry]) ?? 0;
    }
    this.issuedPages += issued;
    this.hardwarePages += hardware;
    this.widened += wider;
  }
}
