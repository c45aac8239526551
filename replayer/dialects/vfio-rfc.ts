// What both layouts of VFIO_IOMMU_TLB_INVALIDATE, the ioctl proposed in 2017, have in common (spec 1.5): 32
// bytes, an ioctl for each, one hardware wait for each.

import type { Dialect } from './dialect.ts';
import { leftOut, refuseBy, widened, type Carries } from './carriage.ts';
import { alignedSpanPages } from '../steps/vtd-span.ts';

export const VFIO_IOMMU_TLB_INVALIDATE = 0x3b7b;
export const RFC_BYTES = 32;

const carries: Carries = {
  iotlb: widened('ranges that a field cannot say become wider'),
  'device-tlb': leftOut('the proposal has no device; the kernel does it with the IOTLB'),
  'pasid-cache': leftOut('the proposal invalidates translations, not tables of PASIDs'),
  'context-cache': leftOut('the proposal invalidates translations, not contexts'),
  'interrupt-entry-cache': leftOut('the proposal knows no interrupts'),
  unmap: leftOut("VFIO_IOMMU_UNMAP_DMA does that: needs dialect 'unmap'"),
  other: leftOut('not an invalidation that is known'),
};

export const vfioRfc = {
  serves: 'entry' as const,
  form: { kind: 'struct', request: VFIO_IOMMU_TLB_INVALIDATE },
  entryBytes: RFC_BYTES,
  readsWords: false,
  carries,
  refuse: refuseBy(carries),
  hardwareWaits: (requests) => requests,
  hardwarePages: alignedSpanPages,
} as const satisfies Partial<Dialect>;
