// Which IOMMUs a recording was made on, for the choice of a dialect.

import type { Family, TraceHeader } from '../../collector/model/index.ts';

const NAMES: Readonly<Record<Family, string>> = {
  vtd: 'Intel VT-d',
  smmuv3: 'Arm SMMUv3',
  'virtio-iommu': 'virtio-iommu',
  amdvi: 'AMD-Vi',
  riscv: 'RISC-V',
  unknown: 'an unknown IOMMU',
};

/** The families that the recording's vIOMMUs are known to be of: several where recordings were merged. */
export function familiesOf({ viommus }: Pick<TraceHeader, 'viommus'>): readonly Family[] {
  const known = viommus.map(({ family }) => family).filter((family) => family !== 'unknown');
  return [...new Set(known)];
}

export function familyNames(families: readonly Family[]): string {
  return families.map((family) => NAMES[family]).join(' and ');
}
