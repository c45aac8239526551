// A range as the commands that the Linux SMMUv3 driver makes of it with range invalidation: each entry is
// one TLBI that NUM and SCALE can say (spec 7.3).

import { ALL_PAGES, FLAG, PRESENT } from '../../collector/model/index.ts';
import type { StepBatch } from '../steps/step-batch.ts';
import { driverPages, nextChunkPages, smmuChunkCount } from '../steps/smmu-split.ts';
import { EntrySplitter } from './split-entries.ts';
import type { Stage, Strategy } from './strategy.ts';
import { canWiden } from './widen.ts';

class SmmuRangeStage implements Stage {
  readonly #split = new EntrySplitter();

  push(input: StepBatch, output: StepBatch): void {
    const counts = this.#split.begin(input);
    for (let i = 0; i < counts.length; i++)
      if (isSplit(input, i)) counts[i] = smmuChunkCount(wholePages(input, i));
    const first = this.#split.append(input, output);
    for (let i = 0, to = first; i < counts.length; to += counts[i++])
      if (counts[i] > 1 || isRounded(input, i)) setChunks(input, i, output, to);
  }

  end(): void {
    // Every step is done when it comes: nothing is ever open.
  }
}

/** A range that the driver says by NUM and SCALE. */
function isSplit(input: StepBatch, index: number): boolean {
  return (
    (input.present[index] & PRESENT.range) !== 0 &&
    (input.pages[index] > 1 || !isLeaf(input, index)) &&
    canWiden(input, index) &&
    input.page[index] + input.pages[index] < ALL_PAGES
  );
}

/** One command, but of a page more than was asked. */
function isRounded(input: StepBatch, index: number): boolean {
  return wholePages(input, index) !== input.pages[index] && isSplit(input, index);
}

/** The copies of entry `index`, in `output` from `to` on, become its commands. */
function setChunks(input: StepBatch, index: number, output: StepBatch, to: number): void {
  let page = input.page[index];
  const asked = page + input.pages[index];
  for (let left = wholePages(input, index), entry = to; left > 0; entry++) {
    const size = nextChunkPages(left);
    output.page[entry] = page;
    output.pages[entry] = size;
    page += size;
    left -= size;
    if (page > asked) output.widened[entry] = 1;
  }
}

function wholePages(input: StepBatch, index: number): number {
  return driverPages(input.pages[index], isLeaf(input, index));
}

function isLeaf(input: StepBatch, index: number): boolean {
  return (input.flags[index] & FLAG.leaf) !== 0;
}

export const smmuRange: Strategy = {
  name: 'smmu-range',
  summary: 'each range as the NUM/SCALE commands that the Linux SMMUv3 driver makes of it',
  parameters: [],
  standsOn: 'barrier',
  ignoresWaits: true,
  reorders: false,
  widens: true,
  defers: false,
  open: () => new SmmuRangeStage(),
};
