// IOMMU_HWPT_INVALIDATE with IOMMU_HWPT_INVALIDATE_DATA_VTD_S1: 24-byte entries of a nested HWPT
// (spec 2.8; Linux include/uapi/linux/iommufd.h). The HWPT stands for the guest's domain and PASID.

import { ALL_PAGES, FLAG } from '../../collector/model/index.ts';
import type { Dialect } from './dialect.ts';
import { isRanged, runsPastTheEnd } from './ranges.ts';
import { carried, leftOut, refuseBy, type Carries } from './carriage.ts';
import { alignedSpanPages } from '../steps/vtd-span.ts';
import { putPageAddress, putU64, putU64Max } from './words.ts';

const DATA_VTD_S1 = 0;
const LEAF = 1;

const carries: Carries = {
  iotlb: carried('a range or everything of one hwpt; the hwpt stands for domain and PASID'),
  'device-tlb': leftOut('the kernel does it with the IOTLB'),
  'pasid-cache': leftOut('the VMM answers it with an attach, not an invalidation'),
  'context-cache': leftOut('the VMM answers it with an attach, not an invalidation'),
  'interrupt-entry-cache': leftOut('interrupts, not translations: the host remaps its own'),
  unmap: leftOut("mappings of a shadowed table: needs dialect 'unmap'"),
  other: leftOut('not an invalidation that is known'),
};

export const hwptVtdS1: Dialect = {
  name: 'hwpt-vtd-s1',
  summary: 'iommufd IOMMU_HWPT_INVALIDATE, VT-d first-stage entries',
  defaultFor: ['vtd'],
  families: ['vtd'],
  carries,
  form: { kind: 'array', dataType: DATA_VTD_S1 },
  serves: 'domain',
  entryBytes: 24,
  readsWords: false,
  refuse: refuseBy(carries),
  hardwareWaits: (entries) => entries,
  hardwarePages: alignedSpanPages,
  widens: runsPastTheEnd,
  encode(steps, entry, out, at) {
    const ranged = isRanged(steps, entry);
    const page = ranged ? steps.page[entry] : 0;
    const pages = ranged ? steps.pages[entry] : ALL_PAGES;
    const leaf = ranged && (steps.flags[entry] & FLAG.leaf) !== 0 ? LEAF : 0;
    // Everything is addr 0 and npages U64_MAX; npages 0 is never sent (spec 2.8).
    const everything = pages >= ALL_PAGES || page + pages > ALL_PAGES;
    putPageAddress(out, at, everything ? 0 : page);
    if (everything) putU64Max(out, at + 8);
    else putU64(out, at + 8, pages);
    out.setUint32(at + 16, leaf, true);
    out.setUint32(at + 20, 0, true);
  },
};
