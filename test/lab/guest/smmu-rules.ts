// Runs inside the guest: an SMMUv3 vIOMMU with a vdevice, and the rule commands through
// IOMMU_HWPT_INVALIDATE. Marks 1 and 2 stand around them; then the refused calls, each after a mark.

import { DEVICES } from '../machine.ts';
import { GUEST_STREAM_ID, smmuCalls } from '../rule-entries.ts';
import { FIRST_REFUSED_MARK, SMMU_REFUSED } from '../refused-calls.ts';
import { ioctl, mark, must, struct } from './ioctl.ts';
import { allocHwpt, bindDevice, HWPT_NEST_PARENT, invalidate } from './objects.ts';

const ARM_SMMUV3 = 1;
const DATA_ARM_SMMUV3 = 1;

const { iommufd, deviceId, ioasId } = bindDevice(DEVICES[0]);
const parent = allocHwpt(iommufd, { device: deviceId, parent: ioasId, flags: HWPT_NEST_PARENT });
const viommu = struct(40, [
  [0, 4, 40],
  [8, 4, ARM_SMMUV3],
  [12, 4, deviceId],
  [16, 4, parent],
]);
must('VIOMMU_ALLOC', ioctl(iommufd, 0x3b90, viommu));
const id = viommu.readUInt32LE(20);
const vdevice = struct(24, [
  [0, 4, 24],
  [4, 4, id],
  [8, 4, deviceId],
  [16, 8, GUEST_STREAM_ID],
]);
must('VDEVICE_ALLOC', ioctl(iommufd, 0x3b91, vdevice));

mark(1);
const answers = smmuCalls().map((entries) =>
  invalidate(iommufd, { id, type: DATA_ARM_SMMUV3, entryLength: 16, entries }),
);
mark(2);
const refused = SMMU_REFUSED.map(({ entries }, index) => {
  mark(FIRST_REFUSED_MARK + index);
  return invalidate(iommufd, { id, type: DATA_ARM_SMMUV3, entryLength: 16, entries });
});
mark(3);
process.stdout.write(`${JSON.stringify({ answers, refused })}\n`);
