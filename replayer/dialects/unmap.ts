// Map and unmap of the range: the invalidation that every IOMMU and every kernel has today (spec 1.3, 2.3).
// A command is address and length, 16 bytes; the issuer makes its own map and unmap structures of it.

import { ALL_PAGES, KIND, PAGE_BYTES } from '../../collector/model/index.ts';
import type { Dialect } from './dialect.ts';
import { isRanged, runsPastTheEnd } from './ranges.ts';
import { refuseUnlessIotlb } from './refusals.ts';
import { alignedSpanPages } from '../steps/vtd-span.ts';
import { putPageAddress, putU64, putU64Max } from './words.ts';

export const unmap: Dialect = {
  name: 'unmap',
  summary: 'map and unmap of the range through iommufd or VFIO type1: works on every IOMMU',
  families: ['virtio-iommu'],
  form: { kind: 'map-unmap' },
  serves: 'entry',
  entryBytes: 16,
  readsWords: false,
  refuse: (batch, row) =>
    batch.kind[row] === KIND.unmap ? undefined : refuseUnlessIotlb(batch, row),
  hardwareWaits: (ranges) => ranges,
  hardwarePages: alignedSpanPages,
  widens: runsPastTheEnd,
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
