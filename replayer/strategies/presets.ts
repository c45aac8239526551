// Names for what today's software does, so that a comparison can begin with them. Each says what it models
// and where that is written down; none is more than a chain of strategies.

import { registry, type Named } from '../../collector/base/index.ts';

export interface Preset extends Named {
  /** The chain it stands for. */
  readonly chain: string;
  /** The software that behaves so, and the source of that claim. */
  readonly models: string;
}

export const presets = registry<Preset>('preset', [
  {
    name: 'qemu',
    summary: 'one ioctl per descriptor or command',
    chain: 'none',
    models:
      'QEMU development trees, accelerated VT-d and SMMUv3: entry_num 1 per guest command (hw/i386/intel_iommu, hw/arm/smmuv3-accel); Cloud Hypervisor does the same',
  },
  {
    name: 'openvmm',
    summary: 'one ordered ioctl per barrier interval',
    chain: 'barrier',
    models:
      'OpenVMM: commands are collected and forwarded as one ordered IOMMU_HWPT_INVALIDATE per vIOMMU (pull request 4104, 2026)',
  },
  {
    name: 'linux-lazy',
    summary: "a lazy guest's flush queue",
    chain: 'flush-queue:size=255,timeout=10ms',
    models:
      'Linux lazy DMA mode: 256 slots of which 255 are used, 10 ms timer, whole-domain flush (drivers/iommu/dma-iommu.c)',
  },
  {
    name: 'smmu-no-range',
    summary: 'SMMUv3 without range invalidation, one batch per interval',
    chain: 'barrier+single-page:limit=512',
    models:
      'Linux SMMUv3 driver without RIL: one TLBI per 4 KiB granule, from 512 on the whole ASID (drivers/iommu/arm/arm-smmu-v3/arm-smmu-v3.c)',
  },
  {
    name: 'vtd-driver',
    summary: "each request as the VT-d driver's aligned block, none joined",
    chain: 'none+aligned',
    models:
      'Linux VT-d driver: the smallest naturally aligned power of two that holds a range (drivers/iommu/intel/cache.c)',
  },
]);
