// The machines the lab boots: which IOMMU is emulated, how the kernel is told to use it, and which of
// QEMU's trace events show what reaches it. One entry a machine; scenarios name one.

import type { Arch } from './cache.ts';

export interface Machine {
  readonly arch: Arch;
  readonly iommu: string;
  readonly args: readonly string[];
  readonly kernel: readonly string[];
  readonly traces: readonly string[];
  /** Whether the kernel needs the IORT upgraded. */
  readonly iort: boolean;
}

/** The slot of the device whose configuration space takes marks; it does nothing else. */
export const MARK_SLOT = '1e';

/** The devices under the IOMMU; the kernel has no driver for them, so they are silent until bound. */
export const DEVICES = ['0000:00:03.0', '0000:00:04.0'] as const;

const dmaDevices = ['-device', 'edu,addr=03.0', '-device', 'edu,addr=04.0'];
const mark = ['-device', `pci-testdev,addr=${MARK_SLOT}.0`];
const tcg = [
  '-accel',
  'tcg,thread=multi',
  '-smp',
  '2',
  '-display',
  'none',
  '-serial',
  'mon:stdio',
  '-no-reboot',
  '-nodefaults',
];

const pc = [
  ...tcg,
  '-M',
  'q35,kernel-irqchip=split',
  '-cpu',
  'max',
  '-m',
  '2048',
  ...dmaDevices,
  ...mark,
];
const pcKernel = ['console=ttyS0', 'quiet', 'panic=-1', 'iommu.strict=1'];

/** QEMU's own view of a mark: the write into the configuration space. */
const MARK_TRACE = 'pci_cfg_write';

const vtd = (name: string, options: string): Machine => ({
  arch: 'x86_64',
  iommu: name,
  args: ['-device', `intel-iommu,intremap=on,${options}`, ...pc],
  kernel: [...pcKernel, 'intel_iommu=on,sm_on'],
  traces: [
    'vtd_inv_desc',
    'vtd_inv_desc_iotlb*',
    'vtd_inv_desc_wait*',
    'vtd_inv_qi_tail',
    MARK_TRACE,
  ],
  iort: false,
});

export const MACHINES = {
  /** Second stage only: with first stage offered, QEMU drops the second and nothing can be nested. */
  'vtd-scalable': vtd('VT-d, scalable mode', 'caching-mode=on,x-scalable-mode=on'),
  'vtd-legacy': vtd('VT-d, legacy mode', 'caching-mode=off'),
  'virtio-iommu': {
    arch: 'x86_64',
    iommu: 'virtio-iommu',
    args: [...pc, '-device', 'virtio-iommu-pci,addr=05.0'],
    // No interrupt remapping on this machine: VFIO must be told that it may hand out the devices.
    kernel: [
      ...pcKernel,
      'iommufd.allow_unsafe_interrupts=1',
      'vfio_iommu_type1.allow_unsafe_interrupts=1',
    ],
    traces: ['virtio_iommu_map', 'virtio_iommu_unmap*', MARK_TRACE],
    iort: false,
  },
  smmuv3: {
    arch: 'arm64',
    iommu: 'SMMUv3, both stages',
    args: [
      ...tcg,
      '-M',
      'virt,iommu=smmuv3,gic-version=3',
      '-global',
      'arm-smmuv3.stage=nested',
      '-cpu',
      'max,pauth-impdef=on',
      '-m',
      '2048',
      ...dmaDevices,
      ...mark,
    ],
    kernel: ['console=ttyAMA0', 'quiet', 'panic=-1', 'iommu.strict=1', 'acpi=force'],
    traces: ['smmuv3_cmdq*', 'smmuv3_range_inval', 'smmu_iotlb_inv_*', MARK_TRACE],
    iort: true,
  },
} as const satisfies Readonly<Record<string, Machine>>;

export type MachineName = keyof typeof MACHINES;
