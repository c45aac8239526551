// The `qemu` source: trace events of the emulated IOMMUs, as text or as the binary backend's records.

import type { ImportSource } from '../source.ts';
import { qemuSimple } from './simple.ts';
import { qemuLog } from './log.ts';

export const qemu: ImportSource = {
  name: 'qemu',
  summary:
    "QEMU's trace of an emulated IOMMU (VT-d, SMMUv3, virtio-iommu, AMD-Vi): log backend text, or the simple backend's binary v4",
  needs:
    "QEMU must trace 'vtd_inv_desc' (VT-d), 'smmuv3_cmdq_opcode' and 'smmuv3_range_inval' (SMMUv3), 'virtio_iommu_unmap' or 'amdvi_*'",
  forms: [qemuLog, qemuSimple],
};
