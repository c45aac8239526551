// The recordings that the lab makes of guests doing real I/O, chosen so that there is something to group.

import { registry } from '../../collector/base/index.ts';
import { programFile } from './guest-program.ts';
import { GUEST_SHARE } from './initramfs.ts';
import type { Workload } from './workload.ts';

const NVME = ['/dev/nvme0n1', '/dev/nvme1n1'] as const;

/** Direct reads of `size`, `count` of them, by each of `readers` at once. */
const reads = (file: string, size: string, count: number, readers = 1): string =>
  Array.from(
    { length: readers },
    (_, i) =>
      `busybox dd if=${file} of=/dev/null bs=${size} count=${count} skip=${i * count} iflag=direct 2>/dev/null &`,
  ).join('\n');

/** Linux keeps a disk's requests under an IOMMU at 128 KiB; a user-space driver maps what it likes. */
const LARGE_UNMAPS = `node '${programFile('large-unmaps')}'`;

/** A file of some megabytes that every lab has, on one of the shares that MOUNT_SHARES mounts. */
const sharedFile = (share: number): string => `/tmp/data${share}/userland-x86_64/root/bin/busybox`;

const MOUNT_SHARES = `
for i in 0 1; do
  mkdir /tmp/data$i
  busybox mount -t 9p -o trans=virtio,version=9p2000.L,msize=131072,ro,cache=none data$i /tmp/data$i || exit
done
`;

const between = (...lines: readonly string[]): string =>
  ['mark 1', ...lines, 'wait', 'mark 2', ''].join('\n');

export const workloads = registry<Workload>('workload', [
  {
    name: 'vtd-lazy',
    summary:
      'lazy mode: a flush queue a CPU, whole domains at a time; larger ranges still one by one',
    machine: 'vtd-disks-lazy',
    script: between(
      reads(NVME[0], '4k', 4000, 2),
      reads(NVME[1], '4k', 4000),
      reads(NVME[1], '64k', 200),
      reads(NVME[1], '1M', 25),
    ),
  },
  {
    name: 'vtd-large-unmaps',
    summary: 'reads of 1 MiB, and a user-space driver that maps and unmaps up to 64 MiB',
    machine: 'vtd-disks',
    script: between(reads(NVME[0], '1M', 120), reads(NVME[1], '256k', 240), LARGE_UNMAPS),
  },
  {
    name: 'vtd-shared-domain',
    summary: 'two disks in one IOMMU group, so in one domain',
    machine: 'vtd-disks-shared',
    script: between(reads(NVME[0], '4k', 600, 2), reads(NVME[1], '16k', 600, 2)),
  },
  {
    name: 'vtd-ats',
    summary: 'two devices with TLBs of their own in one domain: three descriptors to a wait',
    machine: 'vtd-shares-ats',
    script:
      MOUNT_SHARES + between(reads(sharedFile(0), '64k', 12), reads(sharedFile(1), '16k', 24)),
  },
  {
    name: 'vtd-many-queues',
    summary: 'four CPUs and eight readers on the queues of two disks',
    machine: 'vtd-disks-4cpu',
    script: between(reads(NVME[0], '4k', 300, 4), reads(NVME[1], '8k', 300, 4)),
  },
  {
    name: 'vtd-8cpu',
    summary: 'eight CPUs, which share two cores of the host, and sixteen readers of two disks',
    machine: 'vtd-disks-8cpu',
    script: between(reads(NVME[0], '4k', 200, 8), reads(NVME[1], '8k', 200, 8)),
  },
  {
    name: 'vtd-8cpu-lazy',
    summary: 'the same guest in lazy mode',
    machine: 'vtd-disks-8cpu-lazy',
    script: between(reads(NVME[0], '4k', 1000, 8), reads(NVME[1], '8k', 1000, 8)),
  },
  {
    name: 'smmuv3-lazy',
    summary: 'SMMUv3, lazy mode',
    machine: 'smmuv3-disks-lazy',
    script: between(reads(NVME[0], '4k', 3000, 2), reads(NVME[1], '64k', 600, 2)),
  },
  {
    name: 'smmuv3-no-range',
    summary:
      'SMMUv3 without range invalidation: a command a page, and one CMD_SYNC for all of an unmap',
    machine: 'smmuv3-disks-no-range',
    script: between(
      reads(NVME[0], '4k', 100),
      reads(NVME[0], '64k', 30),
      reads(NVME[1], '1M', 4),
      LARGE_UNMAPS,
    ),
  },
  {
    name: 'two-vms',
    summary: 'two guests at once in one recording, a stream each, by a recorder attached to both',
    machine: 'vtd-disks',
    guests: 2,
    script: `
tell reading
until [ -e ${GUEST_SHARE}/host.enough ]; do
  ${reads(NVME[0], '4k', 100, 2).replaceAll('\n', '\n  ')}
  ${reads(NVME[1], '32k', 100)}
  wait
done
`,
  },
]);
