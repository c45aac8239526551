// Runs inside the guest: a nested VT-d page table, and the rule entries through IOMMU_HWPT_INVALIDATE.
// Marks 1 and 2 stand around them; then the refused calls, each after a mark.

import { DEVICES } from '../machine.ts';
import { vtdCalls } from '../rule-entries.ts';
import { FIRST_REFUSED_MARK, VTD_REFUSED } from '../refused-calls.ts';
import { mark, struct } from './ioctl.ts';
import { allocHwpt, attach, bindDevice, HWPT_NEST_PARENT, invalidate } from './objects.ts';

const VTD_S1 = 1;
const DATA_VTD_S1 = 0;

const bound = bindDevice(DEVICES[0]);
const parent = allocHwpt(bound.iommufd, {
  device: bound.deviceId,
  parent: bound.ioasId,
  flags: HWPT_NEST_PARENT,
});
const data = struct(24, [
  [8, 8, 0x1000n],
  [16, 4, 48],
]);
const id = allocHwpt(bound.iommufd, { device: bound.deviceId, parent, type: VTD_S1, data });
attach(bound.cdev, id);

mark(1);
const answers = vtdCalls().map((entries) =>
  invalidate(bound.iommufd, { id, type: DATA_VTD_S1, entryLength: 24, entries }),
);
mark(2);
const refused = VTD_REFUSED.map(({ entries }, index) => {
  mark(FIRST_REFUSED_MARK + index);
  return invalidate(bound.iommufd, { id, type: DATA_VTD_S1, entryLength: 24, entries });
});
mark(3);
attach(bound.cdev, 0);
process.stdout.write(`${JSON.stringify({ answers, refused })}\n`);
