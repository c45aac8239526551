// VFIO_IOMMU_TLB_INVALIDATE as first proposed in 2017: argsz, length and opaque data (spec 1.5, layout A),
// here by the convention of that year's trees: a model, a length, one raw VT-d descriptor (spec 3.3).

import { ALL_PAGES, FLAG, PRESENT, SCOPE } from '../../collector/model/index.ts';
import type { StepBatch } from '../steps/step-batch.ts';
import type { Dialect } from './dialect.ts';
import { isRanged } from './ranges.ts';
import { RFC_BYTES, vfioRfc } from './vfio-rfc.ts';
import { alignedSpanPages, alignedStart } from '../steps/vtd-span.ts';
import { putPageAddress } from './words.ts';

const DATA_AT = 8;
const MODEL_VTD = 0;
const DESCRIPTOR_BYTES = 16;
const TYPE_IOTLB = 2;
const TYPE_PASID_IOTLB = 6;
const GRANULARITY = { global: 1, domain: 2, page: 3 } as const;
const DRAIN_WRITES = 0x40;
const DRAIN_READS = 0x80;
const INVALIDATION_HINT = 0x40;

/** What type, granularity and drain bits say: bits 7:0 of the descriptor. */
function lowByte(steps: StepBatch, entry: number, byPage: boolean): number {
  const byPasid = (steps.scope[entry] & SCOPE.pasid) !== 0;
  const tagged = (steps.present[entry] & PRESENT.domainId) !== 0;
  const wide = byPasid || tagged ? GRANULARITY.domain : GRANULARITY.global;
  const granularity = (byPage ? GRANULARITY.page : wide) << 4;
  if (byPasid) return TYPE_PASID_IOTLB | granularity;
  const flags = steps.flags[entry];
  const drain =
    ((flags & FLAG.drainWrites) === 0 ? 0 : DRAIN_WRITES) |
    ((flags & FLAG.drainReads) === 0 ? 0 : DRAIN_READS);
  return TYPE_IOTLB | granularity | drain;
}

/** A descriptor says only naturally aligned powers of two of pages (spec 3.3). */
function spanOf(steps: StepBatch, entry: number): number {
  return alignedSpanPages(steps.page[entry], steps.pages[entry]);
}

export const vfioRfcOpaque: Dialect = {
  name: 'vfio-rfc-opaque',
  summary: 'VFIO_IOMMU_TLB_INVALIDATE of 2017, a raw VT-d descriptor; only the lab kernel has it',
  ...vfioRfc,
  families: ['vtd'],
  widens: (steps, entry) => isRanged(steps, entry) && spanOf(steps, entry) > steps.pages[entry],
  encode(steps, entry, out, at) {
    const page = steps.page[entry];
    const span = isRanged(steps, entry) ? spanOf(steps, entry) : ALL_PAGES;
    const byPage = span < ALL_PAGES;
    const byPasid = (steps.scope[entry] & SCOPE.pasid) !== 0;
    const tagged = (steps.present[entry] & PRESENT.domainId) !== 0;
    out.setUint32(at, RFC_BYTES, true);
    out.setUint32(at + 4, RFC_BYTES - DATA_AT, true);
    out.setUint32(at + 8, MODEL_VTD, true);
    out.setUint32(at + 12, DESCRIPTOR_BYTES, true);
    const did = tagged ? (steps.domainId[entry] & 0xffff) << 16 : 0;
    out.setUint32(at + 16, (lowByte(steps, entry, byPage) | did) >>> 0, true);
    out.setUint32(at + 20, byPasid ? steps.pasid[entry] & 0xfffff : 0, true);
    const leaf = (steps.flags[entry] & FLAG.leaf) === 0 ? 0 : INVALIDATION_HINT;
    if (byPage) putPageAddress(out, at + 24, alignedStart(page, span), Math.log2(span) | leaf);
    else putPageAddress(out, at + 24, 0);
  },
};
