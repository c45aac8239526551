// Counts of a plan, per stream: what would be issued. Pages are 4 KiB, over ranged entries (design 7).

import { FLAG, PRESENT } from '../../collector/model/index.ts';
import type { Dialect } from '../dialects/index.ts';
import type { StepBatch } from '../steps/step-batch.ts';

/** So many broken requests are named. */
export const MOST_NAMED = 20;

/** Granules of ranges that were seen, as bits. */
export const GRANULE_BIT = { 4096: 1, 16384: 2, 65536: 4 } as const;

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
  /** Pages of entries that the dialect leaves out, and entries of which it leaves out nobody knows how many. */
  pagesLeftOut = 0;
  leftOutUnbounded = 0;
  /** Widened entries where that would take mappings away, and the first requests of the first of them. */
  harmful = 0;
  readonly harmfulSeqs: number[] = [];
  /** GRANULE_BIT of each granule that a range is counted in. */
  granules = 0;
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
    if (this.#dialect.pagesLeftOut !== undefined) this.#countLeftOut(batch, ends);
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

  #countLeftOut(batch: StepBatch, count: number): void {
    for (let entry = 0; entry < count; entry++) {
      const pages = this.#dialect.pagesLeftOut?.(batch, entry) ?? 0;
      if (pages === Number.POSITIVE_INFINITY) this.leftOutUnbounded++;
      else this.pagesLeftOut += pages;
      if (this.#dialect.unmapsWhatItCovers !== true || batch.widened[entry] === 0) continue;
      this.harmful++;
      if (this.harmfulSeqs.length < MOST_NAMED) this.harmfulSeqs.push(batch.entryFirstSeq[entry]);
    }
  }

  #countEntries(batch: StepBatch, count: number): void {
    const dialect = this.#dialect;
    const { present, page, pages, widened, flags } = batch;
    let issued = 0;
    let hardware = 0;
    let wider = 0;
    for (let entry = 0; entry < count; entry++) {
      if (widened[entry] === 1 || dialect.widens?.(batch, entry) === true) wider++;
      if ((present[entry] & PRESENT.range) === 0) continue;
      issued += pages[entry];
      this.granules |= granuleBit(flags[entry]);
      hardware += dialect.hardwarePages?.(page[entry], pages[entry]) ?? 0;
    }
    this.issuedPages += issued;
    this.hardwarePages += hardware;
    this.widened += wider;
  }
}

function granuleBit(flags: number): number {
  if ((flags & FLAG.granule64k) !== 0) return GRANULE_BIT[65536];
  return (flags & FLAG.granule16k) === 0 ? GRANULE_BIT[4096] : GRANULE_BIT[16384];
}

/** Bytes of the one granule that all ranges are counted in; null where there are several, or no range. */
export function granuleBytes(granules: number): number | null {
  if (granules === GRANULE_BIT[4096]) return 4096;
  if (granules === GRANULE_BIT[16384]) return 16_384;
  return granules === GRANULE_BIT[65536] ? 65_536 : null;
}
