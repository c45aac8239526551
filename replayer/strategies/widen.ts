// Makes an entry that covers several requests of one domain and PASID by dropping what restricts them.
// Flags: everything more that any of them asks for, no hint that not all of them share.

import { FLAG, KIND, SCOPE, PRESENT } from '../../collector/model/index.ts';
import type { StepBatch } from '../steps/step-batch.ts';

/** Bits that ask for more; the others narrow. */
const MORE = FLAG.global | FLAG.drainWrites | FLAG.drainReads;

/** Only translations may go wider: an unmap of more than was asked would take mappings away. */
export function canWiden(batch: StepBatch, entry: number): boolean {
  return batch.kind[entry] === KIND.iotlb;
}

/** Entry `into` of `output` also stands for entry `index` of `input`: takes over its wishes and numbers. */
export function absorbWishes(
  output: StepBatch,
  into: number,
  input: StepBatch,
  index: number,
): void {
  output.flags[into] |= input.flags[index] & MORE;
  if ((input.flags[index] & FLAG.noPasid) === 0) output.flags[into] &= ~FLAG.noPasid;
  if (input.entryFirstSeq[index] < output.entryFirstSeq[into])
    output.entryFirstSeq[into] = input.entryFirstSeq[index];
  if (input.entryLastSeq[index] > output.entryLastSeq[into])
    output.entryLastSeq[into] = input.entryLastSeq[index];
}

/** What only a range has: the leaf hint and the granule that it is counted in. */
const OF_RANGE = FLAG.leaf | FLAG.granule16k | FLAG.granule64k;

/** Drops the range, and with it what only a range has. */
export function dropRange(batch: StepBatch, entry: number): void {
  batch.scope[entry] &= ~SCOPE.vaddr;
  batch.present[entry] &= ~PRESENT.range;
  batch.flags[entry] &= ~OF_RANGE;
  batch.page[entry] = 0;
  batch.pages[entry] = 0;
}

/** Drops the PASID too: the whole domain, or everything where there is no domain. */
export function dropPasid(batch: StepBatch, entry: number): void {
  batch.scope[entry] &= ~SCOPE.pasid;
  batch.present[entry] &= ~PRESENT.pasid;
  batch.pasid[entry] = 0;
}
