// Adjacent, and each range as the naturally aligned power-of-two block that holds it: what VT-d page-
// selective descriptors and ATS can say in one go (spec 7.2, 7.3). Blocks inside a block and two halves of
// one become that block. Wider where a range is no block of its own; counted exactly.

import { PRESENT } from '../../collector/model/index.ts';
import { alignedSpanPages, alignedStart } from '../dialects/vtd-span.ts';
import { StepBatch } from '../plan/step-batch.ts';
import { RangeJoiner } from './join-ranges.ts';
import { RangeOrder, kindRunEnd } from './range-order.ts';
import type { Stage, Strategy } from './strategy.ts';

class AlignedStage implements Stage {
  readonly #joiner = new RangeJoiner();
  readonly #joined = new StepBatch();
  readonly #ranges = new RangeOrder();
  readonly #stack: number[] = [];
  #gone = new Uint8Array(64);
  /** Pages of each block that were asked for. */
  #asked = new Float64Array(64);

  push(input: StepBatch, output: StepBatch): void {
    for (let step = 0; step < input.steps; step++) {
      const start = input.entryStart(step);
      if (input.entryEnd[step] - start === 1) alignOne(output, output.copyEntry(input, start));
      else this.#group(input, step, output);
      output.copyReleases(input, step);
      output.commit(input.dueNs[step]);
    }
    output.copyFree(input);
  }

  end(): void {
    // Every step is done when it comes: nothing is ever open.
  }

  #group(input: StepBatch, step: number, output: StepBatch): void {
    this.#joiner.join(input, step, this.#joined);
    this.#alignAll();
    for (let entry = 0; entry < this.#joined.entries; entry++) {
      if (this.#gone[entry] === 0) output.copyEntry(this.#joined, entry);
    }
    this.#joined.clear();
  }

  #alignAll(): void {
    const joined = this.#joined;
    if (this.#gone.length < joined.entries) this.#grow(2 ** Math.ceil(Math.log2(joined.entries)));
    for (let start = 0; start < joined.entries;) {
      const end = kindRunEnd(joined, start, joined.entries);
      this.#alignRun(start, end);
      start = end;
    }
  }

  #alignRun(start: number, end: number): void {
    const joined = this.#joined;
    for (let entry = start; entry < end; entry++) {
      this.#gone[entry] = 0;
      if ((joined.present[entry] & PRESENT.range) === 0) continue;
      this.#asked[entry] = joined.pages[entry];
      const span = alignedSpanPages(joined.page[entry], joined.pages[entry]);
      joined.page[entry] = alignedStart(joined.page[entry], span);
      joined.pages[entry] = span;
    }
    if (end - start > 1) this.#fold(start, end);
    for (let entry = start; entry < end; entry++) {
      if ((joined.present[entry] & PRESENT.range) !== 0 && this.#asked[entry] < joined.pages[entry])
        joined.widened[entry] = 1;
    }
  }

  /** Two aligned blocks are apart, or one holds the other; two halves of a block fold into it. */
  #fold(start: number, end: number): void {
    const { pages } = this.#joined;
    const { order, tag } = this.#ranges;
    const count = this.#ranges.sort(this.#joined, start, end);
    const stack = this.#stack;
    for (let i = 0; i < count; i++) {
      const entry = start + order[i];
      if (i === 0 || tag[order[i]] !== tag[order[i - 1]]) stack.length = 0;
      const top = stack[stack.length - 1];
      if (stack.length > 0 && this.#holds(top, entry)) {
        this.#absorb(top, entry);
        continue;
      }
      stack.push(entry);
      while (
        stack.length > 1 &&
        this.#areHalves(stack[stack.length - 2], stack[stack.length - 1])
      ) {
        const upper = stack.pop() ?? 0;
        const lower = stack[stack.length - 1];
        pages[lower] *= 2;
        this.#absorb(lower, upper);
      }
    }
  }

  #holds(outer: number, inner: number): boolean {
    const { page, pages } = this.#joined;
    return page[inner] < page[outer] + pages[outer];
  }

  #areHalves(lower: number, upper: number): boolean {
    const { page, pages } = this.#joined;
    return (
      pages[lower] === pages[upper] &&
      page[upper] === page[lower] + pages[lower] &&
      page[lower] % (2 * pages[lower]) === 0
    );
  }

  /** `from` goes away; `into` stands for its requests too. */
  #absorb(into: number, from: number): void {
    const joined = this.#joined;
    this.#gone[from] = 1;
    this.#asked[into] += this.#asked[from];
    this.#asked[from] = joined.pages[from];
    joined.widened[into] |= joined.widened[from];
    joined.entryFirstSeq[into] = Math.min(joined.entryFirstSeq[into], joined.entryFirstSeq[from]);
    joined.entryLastSeq[into] = Math.max(joined.entryLastSeq[into], joined.entryLastSeq[from]);
  }

  #grow(room: number): void {
    this.#gone = new Uint8Array(room);
    this.#asked = new Float64Array(room);
  }
}

/** An entry that is alone in its step. */
function alignOne(batch: StepBatch, entry: number): void {
  if ((batch.present[entry] & PRESENT.range) === 0) return;
  const span = alignedSpanPages(batch.page[entry], batch.pages[entry]);
  if (span > batch.pages[entry]) batch.widened[entry] = 1;
  batch.page[entry] = alignedStart(batch.page[entry], span);
  batch.pages[entry] = span;
}

export const aligned: Strategy = {
  name: 'aligned',
  summary: 'adjacent, each range as the aligned power-of-two block that holds it',
  parameters: [],
  standsOn: 'barrier',
  reorders: true,
  widens: true,
  defers: false,
  open: () => new AlignedStage(),
};
