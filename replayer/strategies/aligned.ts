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
  readonly #ranges = new RangeOrder();
  readonly #stack: number[] = [];
  /** The batch that is worked on, and its first open entry; the columns below count from there. */
  #batch = new StepBatch(1);
  #base = 0;
  #gone = new Uint8Array(64);
  /** Pages of each block that were asked for. */
  #asked = new Float64Array(64);

  push(input: StepBatch, output: StepBatch): void {
    let from = 0;
    for (let step = 0; step < input.steps; step++) {
      if (!this.#folds(input, step)) continue;
      appendAligned(input, from, step, output);
      from = step + 1;
      this.#group(input, step, output);
      output.copyReleases(input, step);
      output.commit(input.dueNs[step]);
    }
    appendAligned(input, from, input.steps, output);
    output.copyFree(input);
  }

  end(): void {
    // Every step is done when it comes: nothing is ever open.
  }

  /** Whether entries of `step` may become one. Blocks that don't touch are neither halves nor inside each other. */
  #folds(input: StepBatch, step: number): boolean {
    const start = input.entryStart(step);
    const end = input.entryEnd[step];
    if (end - start === 1) return false;
    for (let entry = start; entry < end; entry++) if (!isBlock(input, entry)) return true;
    return this.#joiner.joins(input, step);
  }

  #group(input: StepBatch, step: number, output: StepBatch): void {
    this.#batch = output;
    this.#base = output.entries;
    if (this.#joiner.joins(input, step)) this.#joiner.join(input, step, output);
    else output.copyEntries(input, step);
    if (this.#gone.length < output.entries - this.#base) this.#grow(output.entries - this.#base);
    let isAnyGone = false;
    for (let start = this.#base; start < output.entries;) {
      const end = kindRunEnd(output, start, output.entries);
      if (this.#alignRun(start, end)) isAnyGone = true;
      start = end;
    }
    if (isAnyGone) output.dropOpen(this.#gone);
  }

  /** True where a block went into another. */
  #alignRun(start: number, end: number): boolean {
    const { present, page, pages, widened } = this.#batch;
    const base = this.#base;
    for (let entry = start; entry < end; entry++) {
      this.#gone[entry - base] = 0;
      if ((present[entry] & PRESENT.range) === 0) continue;
      this.#asked[entry - base] = pages[entry];
      const span = alignedSpanPages(page[entry], pages[entry]);
      if (span === pages[entry]) continue;
      page[entry] = alignedStart(page[entry], span);
      pages[entry] = span;
    }
    const isFolded = end - start > 1 && this.#fold(start, end);
    for (let entry = start; entry < end; entry++) {
      if ((present[entry] & PRESENT.range) !== 0 && this.#asked[entry - base] < pages[entry])
        widened[entry] = 1;
    }
    return isFolded;
  }

  /** Two aligned blocks are apart, or one holds the other; two halves of a block fold into it. */
  #fold(start: number, end: number): boolean {
    const { pages } = this.#batch;
    const count = this.#ranges.sort(this.#batch, start, end);
    const { order, tag } = this.#ranges;
    const stack = this.#stack;
    let isFolded = false;
    for (let i = 0; i < count; i++) {
      const entry = start + order[i];
      if (i === 0 || tag[order[i]] !== tag[order[i - 1]]) stack.length = 0;
      const top = stack[stack.length - 1];
      if (stack.length > 0 && this.#holds(top, entry)) {
        this.#absorb(top, entry);
        isFolded = true;
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
        isFolded = true;
      }
    }
    return isFolded;
  }

  #holds(outer: number, inner: number): boolean {
    const { page, pages } = this.#batch;
    return page[inner] < page[outer] + pages[outer];
  }

  #areHalves(lower: number, upper: number): boolean {
    const { page, pages } = this.#batch;
    const size = pages[lower];
    return (
      size === pages[upper] &&
      page[upper] === page[lower] + size &&
      alignedStart(page[lower], 2 * size) === page[lower]
    );
  }

  /** `from` goes away; `into` stands for its requests too. */
  #absorb(into: number, from: number): void {
    const batch = this.#batch;
    const base = this.#base;
    this.#gone[from - base] = 1;
    this.#asked[into - base] += this.#asked[from - base];
    this.#asked[from - base] = batch.pages[from];
    batch.widened[into] |= batch.widened[from];
    batch.entryFirstSeq[into] = Math.min(batch.entryFirstSeq[into], batch.entryFirstSeq[from]);
    batch.entryLastSeq[into] = Math.max(batch.entryLastSeq[into], batch.entryLastSeq[from]);
  }

  #grow(count: number): void {
    const room = 2 ** Math.ceil(Math.log2(count));
    this.#gone = new Uint8Array(room);
    this.#asked = new Float64Array(room);
  }
}

/** An entry that need not change. */
function isBlock(batch: StepBatch, entry: number): boolean {
  return (
    (batch.present[entry] & PRESENT.range) === 0 ||
    alignedSpanPages(batch.page[entry], batch.pages[entry]) === batch.pages[entry]
  );
}

/** Appends steps `from … to - 1`, of which none folds: each range becomes its block where it lies. */
function appendAligned(input: StepBatch, from: number, to: number, output: StepBatch): void {
  const first = output.entries;
  output.appendSteps(input, from, to);
  const { page, pages, present, widened } = output;
  for (let entry = first; entry < output.entries; entry++) {
    if ((present[entry] & PRESENT.range) === 0) continue;
    const span = alignedSpanPages(page[entry], pages[entry]);
    if (span === pages[entry]) continue;
    widened[entry] = 1;
    page[entry] = alignedStart(page[entry], span);
    pages[entry] = span;
  }
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
