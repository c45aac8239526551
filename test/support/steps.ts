// Steps for tests, from a list of times: one request each, and the barriers that it releases.

import { StepBatch } from '../../replayer/planner/index.ts';

export interface StepAt {
  readonly dueNs: number;
  /** Capture times of the barriers that the step releases. */
  readonly barriers?: readonly number[];
}

export function stepsAt(list: readonly StepAt[]): StepBatch {
  const steps = new StepBatch();
  let seq = 0;
  for (const { dueNs, barriers = [] } of list) {
    const entry = steps.nextEntry();
    steps.entryFirstSeq[entry] = seq;
    steps.entryLastSeq[entry] = seq++;
    for (const at of barriers) steps.addRelease(seq++, at);
    steps.commit(dueNs);
  }
  return steps;
}

/** Steps at these times without barriers. */
export const stepsOf = (times: readonly number[]): StepBatch =>
  stepsAt(times.map((dueNs) => ({ dueNs })));
