// IOMMU_HWPT_INVALIDATE with IOMMU_HWPT_INVALIDATE_DATA_VTD_S1: 24-byte entries of a nested HWPT
// (spec 2.8; Linux include/uapi/linux/iommufd.h). The HWPT stands for the guest's domain and PASID.

import { ALL_PAGES, FLAG, KIND, KINDS, PRESENT } from '../../collector/model/index.ts';
import type { Dialect } from './dialect.ts';
import { alignedSpanPages } from './vtd-span.ts';

const ENTRY_BYTES = 24;
const LEAF = 1;
const U32_MAX = 0xffff_ffff;
const PAGES_PER_HIGH_WORD = 0x10_0000;

const REFUSED: Readonly<Record<number, string>> = {
  [KIND.deviceTlb]: 'device-tlb: the kernel does it with the IOTLB',
  [KIND.pasidCache]: 'pasid-cache: the VMM answers it with an attach, not an invalidation',
  [KIND.contextCache]: 'context-cache: the VMM answers it with an attach, not an invalidation',
  [KIND.interruptEntryCache]: 'interrupt-entry-cache: interrupts, not translations',
  [KIND.unmap]: "unmap: needs dialect 'unmap'",
  [KIND.other]: 'other: not an invalidation that is known',
};

export const hwptVtdS1: Dialect = {
  name: 'hwpt-vtd-s1',
  summary: 'iommufd IOMMU_HWPT_INVALIDATE, VT-d first-stage entries',
  entryBytes: ENTRY_BYTES,
  refuse: (batch, row) =>
    batch.kind[row] === KIND.iotlb
      ? undefined
      : (REFUSED[batch.kind[row]] ?? `${KINDS[batch.kind[row]]}: not known to this dialect`),
  hardwareWaits: (entries) => entries,
  hardwarePages: alignedSpanPages,
  encode(steps, entry, out, at) {
    const ranged = (steps.present[entry] & PRESENT.range) !== 0;
    const page = ranged ? steps.page[entry] : 0;
    const pages = ranged ? steps.pages[entry] : ALL_PAGES;
    const leaf = ranged && (steps.flags[entry] & FLAG.leaf) !== 0 ? LEAF : 0;
    // Everything is addr 0 and npages U64_MAX; npages 0 is never sent (spec 2.8).
    const everything = pages >= ALL_PAGES || page + pages > ALL_PAGES;
    putU64(
      out,
      at,
      everything ? 0 : (page % PAGES_PER_HIGH_WORD) << 12,
      everything ? 0 : page / PAGES_PER_HIGH_WORD,
    );
    if (everything) putU64(out, at + 8, U32_MAX, U32_MAX);
    else putU64(out, at + 8, pages % 0x1_0000_0000, pages / 0x1_0000_0000);
    out.setUint32(at + 16, leaf, true);
    out.setUint32(at + 20, 0, true);
    return ranged && everything && pages < ALL_PAGES;
  },
};

function putU64(out: DataView, at: number, low: number, high: number): void {
  out.setUint32(at, low, true);
  out.setUint32(at + 4, Math.floor(high), true);
}
