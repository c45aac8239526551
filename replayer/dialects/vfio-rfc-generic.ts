// VFIO_IOMMU_TLB_INVALIDATE as the reply of 2017 proposed it: scope, flags, pasid, vaddr, size as fields of
// their own, 32 bytes (spec 1.5, layout B). Flag values are this project's convention: the mail gives none.

import { ALL_PAGES, FLAG, PAGE_BYTES, SCOPE } from '../../collector/model/index.ts';
import type { StepBatch } from '../steps/step-batch.ts';
import type { Dialect } from './dialect.ts';
import { isRanged } from './ranges.ts';
import { RFC_BYTES, vfioRfc } from './vfio-rfc.ts';
import { putPageAddress, putU64 } from './words.ts';

const SCOPE_PASID = 1;
const SCOPE_VADDR = 2;
const NO_PASID = 1;
const VADDR_LEAF = 2;

/** vaddr + size must not wrap; the end of the address space is said as no range at all. */
function endsInside(steps: StepBatch, entry: number): boolean {
  const pages = steps.pages[entry];
  return pages < ALL_PAGES && steps.page[entry] + pages < ALL_PAGES;
}

export const vfioRfcGeneric: Dialect = {
  name: 'vfio-rfc-generic',
  summary: 'VFIO_IOMMU_TLB_INVALIDATE of 2017, explicit fields; only the lab kernel has it',
  ...vfioRfc,
  widens: (steps, entry) =>
    isRanged(steps, entry) && steps.pages[entry] < ALL_PAGES && !endsInside(steps, entry),
  encode(steps, entry, out, at) {
    const flags = steps.flags[entry];
    const byPasid = (steps.scope[entry] & SCOPE.pasid) !== 0;
    const page = steps.page[entry];
    const pages = steps.pages[entry];
    const byRange = isRanged(steps, entry) && endsInside(steps, entry);
    const leaf = byRange && (flags & FLAG.leaf) !== 0 ? VADDR_LEAF : 0;
    const noPasid = !byPasid && (flags & FLAG.noPasid) !== 0 ? NO_PASID : 0;
    out.setUint32(at, RFC_BYTES, true);
    out.setUint32(at + 4, (byPasid ? SCOPE_PASID : 0) | (byRange ? SCOPE_VADDR : 0), true);
    out.setUint32(at + 8, leaf | noPasid, true);
    out.setUint32(at + 12, byPasid ? steps.pasid[entry] : 0, true);
    putPageAddress(out, at + 16, byRange ? page : 0);
    putU64(out, at + 24, byRange ? pages * PAGE_BYTES : 0);
  },
};
