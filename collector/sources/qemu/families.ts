// The event families that the QEMU sources know. A new one is one file and one line here.

import { amdviFamily } from './amdvi.ts';
import type { QemuFamily } from './family.ts';
import { riscvFamily } from './riscv.ts';
import { smmuv3Family } from './smmuv3.ts';
import { virtioIommuFamily } from './virtio-iommu.ts';
import { vtdFamily } from './vtd.ts';

export const qemuFamilies: readonly QemuFamily[] = [
  vtdFamily,
  smmuv3Family,
  virtioIommuFamily,
  amdviFamily,
  riscvFamily,
];
