// What both layouts of VFIO_IOMMU_TLB_INVALIDATE, the ioctl proposed in 2017, have in common (spec 1.5): 32
// bytes, an ioctl for each, one hardware wait for each.

import type { Dialect } from './dialect.ts';
import { refuseUnlessIotlb } from './refusals.ts';
import { alignedSpanPages } from '../steps/vtd-span.ts';

export const VFIO_IOMMU_TLB_INVALIDATE = 0x3b7b;
export const RFC_BYTES = 32;

export const vfioRfc = {
  serves: 'entry' as const,
  form: { kind: 'struct', request: VFIO_IOMMU_TLB_INVALIDATE },
  entryBytes: RFC_BYTES,
  readsWords: false,
  refuse: refuseUnlessIotlb,
  hardwareWaits: (requests) => requests,
  hardwarePages: alignedSpanPages,
} as const satisfies Partial<Dialect>;
