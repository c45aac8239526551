// virtio-iommu requests -> canonical columns (spec 5.1). UNMAP is the only invalidation; every other request
// is kept raw as `other`, as far as the raw column holds it.

import { ALL_PAGES, KIND, RAW_BYTES, type EventBuilder } from '../model/index.ts';
import { pageOf, setDomain, setRange } from './columns.ts';

export const VIRTIO_IOMMU_TYPE = { attach: 1, detach: 2, map: 3, unmap: 4, probe: 5 } as const;

const UNMAP_BYTES = 32;
const HEAD_BYTES = 8;

/** Fills `row` of `out` from the request's bytes as the guest queued them, tail included or not. */
export function decodeVirtioIommu(out: EventBuilder, row: number, request: Uint8Array): void {
  const kept = Math.min(request.length, RAW_BYTES);
  out.raw.set(request.subarray(0, kept), row * RAW_BYTES);
  out.rawLen[row] = kept;
  out.kind[row] = KIND.other;
  if (request.length < HEAD_BYTES) return;
  const view = new DataView(request.buffer, request.byteOffset, request.byteLength);
  const type = view.getUint32(0, true); // the head's reserved bytes must be zero
  if (type !== VIRTIO_IOMMU_TYPE.unmap || request.length < UNMAP_BYTES - 4) return;
  if (view.getUint32(24, true) !== 0) return;
  const first = pageOf(view.getUint32(8, true), view.getUint32(12, true));
  const last = pageOf(view.getUint32(16, true), view.getUint32(20, true)); // inclusive
  if (last < first) return;
  out.kind[row] = KIND.unmap;
  setDomain(out, row, view.getUint32(4, true));
  setRange(out, row, first, Math.min(last - first + 1, ALL_PAGES));
}
