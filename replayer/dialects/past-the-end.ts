// A range that is said as everything, because its end can't be said: one rule for the dialects that have
// it.

import { ALL_PAGES, PRESENT } from '../../collector/model/index.ts';
import type { StepBatch } from '../plan/step-batch.ts';

/** True for a range that ends beyond the address space and is not all of it already. */
export function runsPastTheEnd(steps: StepBatch, entry: number): boolean {
  const pages = steps.pages[entry];
  return (
    (steps.present[entry] & PRESENT.range) !== 0 &&
    pages < ALL_PAGES &&
    steps.page[entry] + pages > ALL_PAGES
  );
}
