// Counts of a plan, per stream: what would be issued. Pages are 4 KiB, over ranged entries (design 7).

import { PRESENT } from '../../collector/model/index.ts';
import { commandsOf, type Dialect } from '../dialects/index.ts';
import type { StepBatch } from './step-batch.ts';

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
  #scratch: DataView;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
    this.#scratch = new DataView(new ArrayBuffer(dialect.entryBytes));
  }

  /** All committed steps of `batch`. */
  steps(batch: StepBatch): void {
    const dialect = this.#dialect;
    const ends = batch.steps === 0 ? 0 : batch.entryEnd[batch.steps - 1];
    this.count += batch.steps;
    this.entries += ends;
    for (let step = 0; step < batch.steps; step++) {
      const start = batch.entryStart(step);
      const entries = batch.entryEnd[step] - start;
      this.hardwareWaits += dialect.hardwareWaits(this.#commands(batch, start, entries));
      if (entries > this.mostEntries) this.mostEntries = entries;
    }
    for (let entry = 0; entry < ends; entry++) {
      const wider = dialect.encode(batch, entry, this.#room(batch, entry), 0);
      if (wider || batch.widened[entry] === 1) this.widened++;
      if ((batch.present[entry] & PRESENT.range) === 0) continue;
      this.issuedPages += batch.pages[entry];
      if (dialect.hardwarePages !== undefined) {
        this.hardwarePages += dialect.hardwarePages(batch.page[entry], batch.pages[entry]);
      }
    }
  }

  /** Commands that the dialect makes of entries `start … start + entries - 1`. */
  #commands(batch: StepBatch, start: number, entries: number): number {
    if (this.#dialect.commandsOf === undefined) return entries;
    let commands = 0;
    for (let i = start; i < start + entries; i++) commands += commandsOf(this.#dialect, batch, i);
    return commands;
  }

  /** Scratch that takes all commands of one entry. */
  #room(batch: StepBatch, entry: number): DataView {
    const bytes = commandsOf(this.#dialect, batch, entry) * this.#dialect.entryBytes;
    if (bytes > this.#scratch.byteLength) this.#scratch = new DataView(new ArrayBuffer(bytes));
    return this.#scratch;
  }
}
