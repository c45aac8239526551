// A range as the commands that the Linux SMMUv3 driver makes of it with range invalidation: each entry is
// one TLBI that NUM and SCALE can say (spec 7.3).

import { ALL_PAGES, FLAG, PRESENT } from '../../collector/model/index.ts';
import type { StepBatch } from '../plan/step-batch.ts';
import { driverPages, nextChunkPages } from './smmu-split.ts';
import type { Stage, Strategy } from './strategy.ts';
import { canWiden } from './widen.ts';

class SmmuRangeStage implements Stage {
  push(input: StepBatch, output: StepBatch): void {
    let from = 0;
    for (let step = 0; step < input.steps; step++) {
      const end = input.entryEnd[step];
      let first = input.entryStart(step);
      while (first < end && isOneCommand(input, first)) first++;
      if (first === end) continue;
      output.appendSteps(input, from, step);
      from = step + 1;
      for (let i = input.entryStart(step); i < end; i++) splitEntry(input, i, output);
      output.copyReleases(input, step);
      output.commit(input.dueNs[step]);
    }
    output.appendSteps(input, from, input.steps);
    output.copyFree(input);
  }

  end(): void {
    // Every step is done when it comes: nothing is ever open.
  }
}

/** What NUM and SCALE can say as it is, or is no range that the driver splits. */
function isOneCommand(input: StepBatch, index: number): boolean {
  const pages = input.pages[index];
  if ((input.present[index] & PRESENT.range) === 0 || !canWiden(input, index)) return true;
  if (input.page[index] + pages >= ALL_PAGES) return true;
  return nextChunkPages(driverPages(pages, isLeaf(input, index))) === pages;
}

function splitEntry(input: StepBatch, index: number, output: StepBatch): void {
  if (isOneCommand(input, index)) {
    output.copyEntry(input, index);
    return;
  }
  const pages = input.pages[index];
  let page = input.page[index];
  const asked = page + pages;
  for (let left = driverPages(pages, isLeaf(input, index)); left > 0;) {
    const size = nextChunkPages(left);
    const entry = output.copyEntry(input, index);
    output.page[entry] = page;
    output.pages[entry] = size;
    page += size;
    left -= size;
    if (page > asked) output.widened[entry] = 1;
  }
}

function isLeaf(input: StepBatch, index: number): boolean {
  return (input.flags[index] & FLAG.leaf) !== 0;
}

export const smmuRange: Strategy = {
  name: 'smmu-range',
  summary: 'each range as the NUM/SCALE commands that the Linux SMMUv3 driver makes of it',
  parameters: [],
  standsOn: 'barrier',
  reorders: false,
  widens: true,
  defers: false,
  open: () => new SmmuRangeStage(),
};
