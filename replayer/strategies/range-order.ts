// What must be equal for two entries to become one, and the order that brings such entries together.

import { PRESENT } from '../../collector/model/index.ts';
import type { StepBatch } from '../plan/step-batch.ts';

/** Orders entries by kind, scope, flags, domain and PASID; 0 where all are the same. */
export function compareTags(batch: StepBatch, a: number, b: number): number {
  return (
    batch.kind[a] - batch.kind[b] ||
    batch.scope[a] - batch.scope[b] ||
    batch.flags[a] - batch.flags[b] ||
    batch.present[a] - batch.present[b] ||
    tag(batch, batch.domainId, a, PRESENT.domainId) -
      tag(batch, batch.domainId, b, PRESENT.domainId) ||
    tag(batch, batch.pasid, a, PRESENT.pasid) - tag(batch, batch.pasid, b, PRESENT.pasid)
  );
}

function tag(batch: StepBatch, column: Uint32Array, entry: number, bit: number): number {
  return (batch.present[entry] & bit) === 0 ? -1 : column[entry];
}

/** Index after the run of entries of one kind that begins at `start`: nothing may move past another kind. */
export function kindRunEnd(batch: StepBatch, start: number, end: number): number {
  let at = start + 1;
  while (at < end && batch.kind[at] === batch.kind[start]) at++;
  return at;
}
