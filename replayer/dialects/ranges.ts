// What dialects ask of an entry's range.

import { ALL_PAGES, PRESENT } from '../../collector/model/index.ts';
import type { StepBatch } from '../steps/step-batch.ts';

export function isRanged(steps: StepBatch, entry: number): boolean {
  return (steps.present[entry] & PRESENT.range) !== 0;
}

/** True for a range that ends beyond the address space and is not all of it already. */
export function runsPastTheEnd(steps: StepBatch, entry: number): boolean {
  const pages = steps.pages[entry];
  return isRanged(steps, entry) && pages < ALL_PAGES && steps.page[entry] + pages > ALL_PAGES;
}
