// Map and unmap of the range: the invalidation that every IOMMU and every kernel has today (spec 1.3, 2.3).
// A command is address and length, 16 bytes; the issuer makes its own map and unmap structures of it.

import { ALL_PAGES, PAGE_BYTES } from '../../collector/model/index.ts';
import type { Dialect } from './dialect.ts';
import { isRanged, runsPastTheEnd } from './ranges.ts';
import { carried, leftOut, narrowed, refuseBy, type Carries } from './carriage.ts';
import { putPageAddress, putU64, putU64Max } from './words.ts';

/** Longest range that the issuers map whole: they pin so much memory for it. */
export const MOST_MAPPED_PAGES = 1024;

const carries: Carries = {
  iotlb: narrowed(
    `a range is mapped and unmapped up to its first ${MOST_MAPPED_PAGES} pages; of a whole domain, one page`,
  ),
  'device-tlb': leftOut('unmapping invalidates the device TLBs of the address space by itself'),
  'pasid-cache': leftOut('a table of PASIDs is no mapping'),
  'context-cache': leftOut('a context is no mapping'),
  'interrupt-entry-cache': leftOut('interrupts are no mappings of memory'),
  unmap: carried('the range; longer than the issuers map, its first pages'),
  other: leftOut('not an invalidation that is known'),
};

export const unmap: Dialect = {
  name: 'unmap',
  summary: 'map and unmap of the range through iommufd or VFIO type1: works on every IOMMU',
  defaultFor: ['virtio-iommu', 'amdvi'],
  carries,
  form: { kind: 'map-unmap' },
  serves: 'entry',
  entryBytes: 16,
  readsWords: false,
  refuse: refuseBy(carries),
  hardwareWaits: (ranges) => ranges,
  widens: runsPastTheEnd,
  unmapsWhatItCovers: true,
  pagesLeftOut(steps, entry) {
    const pages = isRanged(steps, entry) ? steps.pages[entry] : ALL_PAGES;
    if (pages >= ALL_PAGES) return Number.POSITIVE_INFINITY;
    return Math.max(0, pages - MOST_MAPPED_PAGES);
  },
  encode(steps, entry, out, at) {
    const ranged = isRanged(steps, entry);
    const page = ranged ? steps.page[entry] : 0;
    const pages = ranged ? steps.pages[entry] : ALL_PAGES;
    const everything = pages >= ALL_PAGES || page + pages > ALL_PAGES;
    putPageAddress(out, at, everything ? 0 : page);
    if (everything) putU64Max(out, at + 8);
    else putU64(out, at + 8, pages * PAGE_BYTES);
  },
};
