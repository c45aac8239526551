// Why rows that are not translations are left out, in words that all dialects share.

import { KIND, KINDS, type EventBatch } from '../../collector/model/index.ts';

const REASONS: Readonly<Record<number, string>> = {
  [KIND.deviceTlb]: 'device-tlb: the kernel does it with the IOTLB',
  [KIND.pasidCache]: 'pasid-cache: the VMM answers it with an attach, not an invalidation',
  [KIND.contextCache]: 'context-cache: the VMM answers it with an attach, not an invalidation',
  [KIND.interruptEntryCache]: 'interrupt-entry-cache: interrupts, not translations',
  [KIND.unmap]: "unmap: needs dialect 'unmap'",
  [KIND.other]: 'other: not an invalidation that is known',
};

/** The reason for a row that is no IOTLB request; undefined where it is one. */
export function refuseUnlessIotlb(batch: EventBatch, row: number): string | undefined {
  const kind = batch.kind[row];
  if (kind === KIND.iotlb) return undefined;
  return REASONS[kind] ?? `${KINDS[kind]}: not known to this dialect`;
}
