// What an entry is, for what it costs: its kind and how wide it is. The costs of classes are told apart only
// where the samples can.

import { GRANULARITIES, KINDS, granularityIndex } from '../../collector/model/index.ts';
import type { StepBatch } from '../planner/index.ts';

export const ENTRY_CLASSES = KINDS.length * GRANULARITIES.length;

export function entryClass(steps: StepBatch, entry: number): number {
  const width = granularityIndex(steps.scope[entry], steps.present[entry]);
  return steps.kind[entry] * GRANULARITIES.length + width;
}

/** `iotlb domain-range`, as a model names it. */
export function className(its: number): string {
  const kind = KINDS[Math.floor(its / GRANULARITIES.length)];
  return `${kind} ${GRANULARITIES[its % GRANULARITIES.length]}`;
}
