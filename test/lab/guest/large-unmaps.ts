// Runs inside the guest as a user-space driver would: maps regions of its memory for a device through a VFIO
// type1 container and unmaps them again, small and large.

import { readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { DEVICES } from '../machine.ts';
import { addressOf, ioctl, ioctlValue, must, openDevice, struct } from './ioctl.ts';

const PAGE = 4096n;
const KIB = 1024;
const REGIONS = [256 * KIB, 1024 * KIB, 2048 * KIB, 16_384 * KIB, 65_536 * KIB];
const ROUNDS = 6;
const IOVA = 0x1_0000_0000n;

const memory = Buffer.alloc(Math.max(...REGIONS) + Number(PAGE), 1);
const userVa = (addressOf(memory) + PAGE - 1n) & ~(PAGE - 1n);

const container = openDevice('/dev/vfio/vfio');
const link = readlinkSync(`/sys/bus/pci/devices/${DEVICES[0]}/iommu_group`);
const group = openDevice(`/dev/vfio/${basename(link)}`);
must('SET_CONTAINER', ioctl(group, 0x3b68, struct(4, [[0, 4, container]])));
must('SET_IOMMU', ioctlValue(container, 0x3b66, 3));

for (let round = 0; round < ROUNDS; round++) {
  for (const bytes of REGIONS) {
    const map = struct(32, [
      [0, 4, 32],
      [4, 4, 3],
      [8, 8, userVa],
      [16, 8, IOVA],
      [24, 8, bytes],
    ]);
    must('MAP_DMA', ioctl(container, 0x3b71, map));
    const unmap = struct(24, [
      [0, 4, 24],
      [8, 8, IOVA],
      [16, 8, bytes],
    ]);
    must('UNMAP_DMA', ioctl(container, 0x3b72, unmap));
  }
}
