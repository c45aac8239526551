// Runs inside the guest: maps and unmaps the ranges through an iommufd IOAS (marks 1 to 2), then through
// a VFIO type1 container (marks 3 to 4). Prints what each unmap said it had unmapped.

import { readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { DEVICES } from '../machine.ts';
import { UNMAP_PAGES, UNMAP_RANGES } from '../unmap-ranges.ts';
import {
  addressOf,
  type CallResult,
  closeSync,
  ioctl,
  ioctlValue,
  mark,
  must,
  openDevice,
  struct,
} from './ioctl.ts';
import { attach, bindDevice } from './objects.ts';

const PAGE = 4096n;
const memory = Buffer.alloc((UNMAP_PAGES + 1) * 4096, 1);
const userVa = (addressOf(memory) + 0xfffn) & ~0xfffn;

interface Unmapped {
  readonly errno: string;
  readonly pages: number;
}

const unmapped = (call: CallResult, bytes: bigint): Unmapped => ({
  errno: call.errno,
  pages: Number(bytes / PAGE),
});

function throughIommufd(): readonly Unmapped[] {
  const { iommufd, cdev, ioasId } = bindDevice(DEVICES[0]);
  attach(cdev, ioasId);
  mark(1);
  const answers = UNMAP_RANGES.map((range) => {
    const [iova, length] = [BigInt(range.page) * PAGE, BigInt(range.pages) * PAGE];
    const map = struct(40, [
      [0, 4, 40],
      [4, 4, 7],
      [8, 4, ioasId],
      [16, 8, userVa],
      [24, 8, length],
      [32, 8, iova],
    ]);
    must('IOAS_MAP', ioctl(iommufd, 0x3b85, map));
    const unmap = struct(24, [
      [0, 4, 24],
      [4, 4, ioasId],
      [8, 8, iova],
      [16, 8, length],
    ]);
    return unmapped(ioctl(iommufd, 0x3b86, unmap), unmap.readBigUInt64LE(16));
  });
  mark(2);
  attach(cdev, 0);
  closeSync(cdev);
  closeSync(iommufd);
  return answers;
}

function throughType1(): readonly Unmapped[] {
  const container = openDevice('/dev/vfio/vfio');
  const group = openDevice(
    `/dev/vfio/${basename(readlinkSync(`/sys/bus/pci/devices/${DEVICES[0]}/iommu_group`))}`,
  );
  must('SET_CONTAINER', ioctl(group, 0x3b68, struct(4, [[0, 4, container]])));
  must('SET_IOMMU', ioctlValue(container, 0x3b66, 3));
  mark(3);
  const answers = UNMAP_RANGES.map((range) => {
    const [iova, length] = [BigInt(range.page) * PAGE, BigInt(range.pages) * PAGE];
    const map = struct(32, [
      [0, 4, 32],
      [4, 4, 3],
      [8, 8, userVa],
      [16, 8, iova],
      [24, 8, length],
    ]);
    must('MAP_DMA', ioctl(container, 0x3b71, map));
    const unmap = struct(24, [
      [0, 4, 24],
      [8, 8, iova],
      [16, 8, length],
    ]);
    return unmapped(ioctl(container, 0x3b72, unmap), unmap.readBigUInt64LE(16));
  });
  mark(4);
  return answers;
}

process.stdout.write(`${JSON.stringify({ iommufd: throughIommufd(), type1: throughType1() })}\n`);
