// The lab's scenarios. A new one is one file and one line here.

import { registry } from '../../../collector/base/index.ts';
import { joinTiles, smmuNestedRows, virtioUnmapRows, vtdNestedRows } from '../kernel-rules.ts';
import { SMMU_REFUSED, VTD_REFUSED } from '../refused-calls.ts';
import { smmuCalls, vtdCalls } from '../rule-entries.ts';
import { rfcGenericRows, rfcOpaqueRows } from '../rfc-kernel-rules.ts';
import type { Scenario } from '../scenario.ts';
import { bundle } from './bundle.ts';
import { mockTable } from './mock.ts';
import { record } from './record.ts';
import { isRange, replayParts } from './replay.ts';
import { replayedMocks } from './replayed-mock.ts';
import { replayedUnmaps } from './replayed-unmap.ts';
import { rfcElsewhere } from './rfc-elsewhere.ts';
import { rfcTable } from './rfc-table.ts';
import { rulesParts } from './rules.ts';
import { safetyPart } from './safety.ts';
import { unmapParts, vtdUnmapRows } from './unmap.ts';

const vtdNested: Scenario = {
  name: 'vtd-nested',
  summary: 'nested VT-d page table through IOMMU_HWPT_INVALIDATE',
  arches: ['x86_64'],
  emulated:
    "real: iommufd, Intel's driver, descriptors and waits · emulated: the IOMMU; no DMA through the table",
  run: async (context) => [
    ...(await rulesParts(context, {
      machine: 'vtd-scalable',
      program: 'vtd-rules',
      calls: vtdCalls(),
      entryBytes: 24,
      rows: vtdNestedRows,
      refused: VTD_REFUSED,
    })),
    ...(await replayParts(context, {
      name: 'nested',
      machine: 'vtd-scalable',
      recording: 'vtd-fs-strict',
      issuer: 'iommufd',
      dialect: 'hwpt-vtd-s1',
      rows: vtdNestedRows,
      isReplayed: isRange,
    })),
    await safetyPart(context),
  ],
};

const smmuNested: Scenario = {
  name: 'smmuv3-nested',
  summary: 'SMMUv3 vIOMMU through IOMMU_HWPT_INVALIDATE, on arm64',
  arches: ['arm64'],
  emulated: "real: iommufd, Arm's driver, commands and syncs · emulated: the CPU and the SMMU",
  run: async (context) => [
    ...(await rulesParts(context, {
      machine: 'smmuv3',
      program: 'smmu-rules',
      calls: smmuCalls(),
      entryBytes: 16,
      rows: smmuNestedRows,
      refused: SMMU_REFUSED,
    })),
    ...(await replayParts(context, {
      name: 'nested',
      machine: 'smmuv3',
      recording: 'smmuv3-strict',
      issuer: 'iommufd',
      dialect: 'viommu-arm-smmuv3',
      rows: smmuNestedRows,
      isReplayed: isRange,
    })),
  ],
};

const rfcReplay = {
  machine: 'vtd-legacy',
  recording: 'vtd-legacy-strict',
  issuer: 'vfio',
  isReplayed: isRange,
} as const;

const rfc: Scenario = {
  name: 'rfc',
  summary: 'VFIO_IOMMU_TLB_INVALIDATE of 2017, both layouts, served by the lab kernel',
  arches: ['x86_64'],
  emulated:
    'real: VFIO container, type1, descriptors and waits · ours: the ioctl · emulated: the IOMMU',
  run: async (context) => [
    ...(await rfcTable(context)),
    await rfcElsewhere(context),
    ...(await replayParts(context, {
      ...rfcReplay,
      name: 'explicit',
      dialect: 'vfio-rfc-generic',
      rows: rfcGenericRows,
    })),
    ...(await replayParts(context, {
      ...rfcReplay,
      name: 'opaque',
      dialect: 'vfio-rfc-opaque',
      rows: rfcOpaqueRows,
    })),
  ],
};

const mock: Scenario = {
  name: 'mock',
  summary: 'the iommufd selftest mock: nested HWPT and vIOMMU',
  arches: ['x86_64'],
  emulated:
    "real: iommufd, /dev/iommu, partial completion · the kernel's own mock: the IOMMU driver and its caches",
  run: async (context) => [...(await mockTable(context)), ...(await replayedMocks(context))],
};

const unmap: Scenario = {
  name: 'unmap',
  summary: 'map and unmap through iommufd and VFIO type1, on VT-d and on virtio-iommu',
  arches: ['x86_64'],
  emulated: 'real: iommufd, VFIO type1, page tables, descriptors and waits · emulated: the IOMMU',
  run: async (context) => [
    ...(await unmapParts(context, { machine: 'vtd-legacy', rows: vtdUnmapRows })),
    ...(await unmapParts(context, {
      machine: 'virtio-iommu',
      rows: ({ page, pages }) => virtioUnmapRows(page, pages),
      joined: joinTiles,
    })),
    ...(await replayedUnmaps(context, {
      machine: 'vtd-legacy',
      recording: 'vtd-legacy-strict',
      isReplayed: isRange,
      rangeRows: vtdUnmapRows,
    })),
    ...(await replayedUnmaps(context, {
      machine: 'virtio-iommu',
      recording: 'virtio-iommu-strict',
      isReplayed: (row) => row.kind === 'unmap',
      rangeRows: ({ page, pages }) => virtioUnmapRows(page, pages),
      joined: joinTiles,
    })),
  ],
};

export const scenarios = registry<Scenario>('scenario', [
  mock,
  vtdNested,
  smmuNested,
  unmap,
  rfc,
  record,
  bundle,
]);
