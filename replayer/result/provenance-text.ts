// What numbers were measured on, in words that cannot be mistaken.

import type { ResultHeader } from './header.ts';

export function provenanceText(
  header: Pick<ResultHeader, 'provenance' | 'issuer_description'>,
): string {
  switch (header.provenance) {
    case 'hardware':
      return `real hardware: ${header.issuer_description}`;
    case 'lab':
      return `lab kernel with an emulated IOMMU: ${header.issuer_description}`;
    case 'null':
      return 'null issuer: the system call path only, no IOMMU, nothing was invalidated';
    case 'recording':
      return 'recording issuer: no system call was made';
  }
}
