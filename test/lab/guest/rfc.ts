// Runs inside the guest: every row of the 2017 reply's truth table, and the rows of the opaque layout,
// through the real ioctl on a VFIO container. Prints what each call answered; marks say where it began.

import { readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { DEVICES } from '../machine.ts';
import { PROBES, RFC_CALLS } from '../rfc-rows.ts';
import { addressOf, ioctl, ioctlValue, mark, must, openDevice, struct } from './ioctl.ts';

const SET_IOMMU = 0x3b66;
const GROUP_SET_CONTAINER = 0x3b68;
const MAP_DMA = 0x3b71;
const PASID_BIND = 0x3b7a;
const TLB_INVALIDATE = 0x3b7b;
const TYPE1V2 = 3;

const [device] = DEVICES;
const group = basename(readlinkSync(`/sys/bus/pci/devices/${device}/iommu_group`));
const container = openDevice('/dev/vfio/vfio');
const beforeSetIommu = ioctl(container, TLB_INVALIDATE, Buffer.from(PROBES.opaque)).errno;
const groupFd = openDevice(`/dev/vfio/${group}`);
must('set container', ioctl(groupFd, GROUP_SET_CONTAINER, struct(4, [[0, 4, container]])));
must('set iommu', ioctlValue(container, SET_IOMMU, TYPE1V2));

// One mapping: an empty container has an address space all the same, this one has something in it.
const memory = Buffer.alloc(0x20000);
const page = (addressOf(memory) + 0xfffn) & ~0xfffn;
const map = struct(32, [
  [0, 4, 32],
  [4, 4, 3],
  [8, 8, page],
  [16, 8, 0x10000000],
  [24, 8, 0x10000],
]);
must('map', ioctl(container, MAP_DMA, map));

const layouts = '/sys/module/vfio_iommu_type1/parameters/tlb_invalidate_layouts';
const served = readdirSync('/sys/module/vfio_iommu_type1/parameters').includes(
  'tlb_invalidate_layouts',
);

function probe(): { readonly opaque: string; readonly generic: string } {
  return {
    opaque: ioctl(container, TLB_INVALIDATE, Buffer.from(PROBES.opaque)).errno,
    generic: ioctl(container, TLB_INVALIDATE, Buffer.from(PROBES.generic)).errno,
  };
}

const probes: Record<string, { readonly opaque: string; readonly generic: string }> = {};
mark(200);
for (const mask of served ? [0, 1, 2, 3] : []) {
  writeFileSync(layouts, `${mask}\n`);
  probes[String(mask)] = probe();
}
mark(201);

const answers = RFC_CALLS.map((call, index) => {
  mark(index + 1);
  const request = call.bind === true ? PASID_BIND : TLB_INVALIDATE;
  const { errno } = ioctl(container, request, Buffer.from(call.bytes));
  return { name: call.name, errno };
});
mark(202);
process.stdout.write(`${JSON.stringify({ served, beforeSetIommu, probes, answers })}\n`);
