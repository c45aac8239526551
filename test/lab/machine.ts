// The machines the lab boots: which IOMMU is emulated, how the kernel is told to use it, and which of
// QEMU's trace events show what reaches it. One entry a machine; scenarios name one.

import { type Arch, cacheRoot } from './cache.ts';
import { NO_RANGE_PARAMETER } from './kernel-patch.ts';

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
// On a busy host an emulated timer is late, which the kernel's check of it takes for broken.
const pcKernel = ['console=ttyS0', 'quiet', 'panic=-1', 'no_timer_check', 'iommu.strict=1'];

/** Disks that answer at once and keep nothing: each direct read or write is DMA through the IOMMU. */
const disks = (devices: readonly string[]): readonly string[] =>
  devices.flatMap((device, i) => [
    '-drive',
    `driver=null-co,size=4G,read-zeroes=on,if=none,id=disk${i}`,
    '-device',
    `${device},drive=disk${i}`,
  ]);

const nvme = (place: string): string => `nvme,serial=${place},max_ioqpairs=4,addr=${place}`;
const TWO_NVME = [nvme('06.0'), nvme('07.0')];
/** Functions of one device that has no ACS: one IOMMU group, so one domain. */
const ONE_GROUP_NVME = [`${nvme('06.0')},multifunction=on`, nvme('06.1')];

/**
 * Shares of the lab's folder as two functions of one device, with TLBs of their own: QEMU gives a virtio
 * device ATS behind a port only.
 */
const ATS_SHARES = [
  ...['-device', 'pcie-root-port,id=root,addr=06.0'],
  ...[0, 1].flatMap((i) => [
    '-fsdev',
    `local,id=data${i},path=${cacheRoot()},security_model=none,readonly=on,multidevs=remap`,
    '-device',
    `virtio-9p-pci,fsdev=data${i},mount_tag=data${i},bus=root,addr=0.${i},multifunction=on,disable-legacy=on,iommu_platform=on,ats=on`,
  ]),
];

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

const smmuv3: Machine = {
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
};

const smmuv3Recorded = (iommu: string, kernel: readonly string[]): Machine => ({
  ...smmuv3,
  iommu,
  args: [...smmuv3.args, ...disks(TWO_NVME)],
  kernel: [...smmuv3.kernel, ...kernel],
  traces: [
    'smmuv3_cmdq_opcode',
    'smmuv3_cmdq_cfgi*',
    'smmuv3_cmdq_tlbi*',
    'smmuv3_range_inval',
    MARK_TRACE,
  ],
  iort: false,
});

/** A guest whose I/O is recorded from QEMU's log: the raw descriptors and the marks. */
const recorded = (
  name: string,
  options: string,
  { args, kernel = [] }: { args: readonly string[]; kernel?: readonly string[] },
): Machine => {
  const machine = vtd(name, options);
  return {
    ...machine,
    args: [...machine.args, ...args],
    kernel: [...machine.kernel, ...kernel],
    traces: ['vtd_inv_desc', 'vtd_inv_qi_tail', MARK_TRACE],
  };
};

const FIRST_STAGE = 'x-scalable-mode=on,x-flts=on';
const LAZY = ['iommu.strict=0'];

export const MACHINES = {
  /** Second stage only: with first stage offered, QEMU drops the second and nothing can be nested. */
  'vtd-scalable': vtd('VT-d, scalable mode', 'caching-mode=on,x-scalable-mode=on'),
  'vtd-legacy': vtd('VT-d, legacy mode', 'caching-mode=off'),
  /** QEMU is silent about what the guest's disk makes it invalidate until a recorder asks. */
  'vtd-first-stage': {
    ...recorded('VT-d, first stage, strict', FIRST_STAGE, { args: disks([nvme('06.0')]) }),
    traces: [MARK_TRACE],
  },
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
  smmuv3,
  'vtd-disks': recorded('VT-d, first stage, strict', FIRST_STAGE, { args: disks(TWO_NVME) }),
  'vtd-disks-lazy': recorded('VT-d, first stage, lazy', FIRST_STAGE, {
    args: disks(TWO_NVME),
    kernel: LAZY,
  }),
  'vtd-disks-4cpu': recorded('VT-d, first stage, strict, 4 CPUs', FIRST_STAGE, {
    args: [...disks(TWO_NVME), '-smp', '4'],
  }),
  'vtd-disks-8cpu': recorded('VT-d, first stage, strict, 8 CPUs', FIRST_STAGE, {
    args: [...disks(TWO_NVME), '-smp', '8'],
  }),
  'vtd-disks-8cpu-lazy': recorded('VT-d, first stage, lazy, 8 CPUs', FIRST_STAGE, {
    args: [...disks(TWO_NVME), '-smp', '8'],
    kernel: LAZY,
  }),
  'vtd-disks-shared': recorded('VT-d, first stage, strict, one group', FIRST_STAGE, {
    args: disks(ONE_GROUP_NVME),
  }),
  'vtd-shares-ats': recorded(
    'VT-d, first stage, strict, device TLBs',
    `${FIRST_STAGE},device-iotlb=on`,
    {
      args: ATS_SHARES,
    },
  ),
  'smmuv3-disks-lazy': smmuv3Recorded('SMMUv3, lazy', LAZY),
  'smmuv3-disks-no-range': smmuv3Recorded('SMMUv3, strict, no range invalidation', [
    `${NO_RANGE_PARAMETER}=1`,
  ]),
} as const satisfies Readonly<Record<string, Machine>>;

export type MachineName = keyof typeof MACHINES;
