// The ioctl of 2017 on a container: which of its two layouts this kernel speaks, and the PASIDs that it is
// to know. Finds that out with requests that neither layout can serve (test/lab/README.md), never by trying.

import { ToolError } from '../../../collector/base/index.ts';
import { PRESENT, SCOPE } from '../../../collector/model/index.ts';
import { VFIO_IOMMU_TLB_INVALIDATE } from '../../dialects/vfio-rfc.ts';
import { ERRNO, errno, ioctl } from '../../calls/native.ts';
import { PinnedMemory } from '../../calls/pinned.ts';
import type { StepBatch } from '../../steps/step-batch.ts';
import { call } from '../refused-call.ts';

/** VFIO_BASE + 22: of the lab kernel's companion call that names a container's PASIDs. */
const PASID_BIND = 0x3b7a;

export type RfcLayout = 'generic' | 'opaque';

/** 32 bytes: unknown scope bits as explicit, an unknown model as opaque. */
const PROBE_OPAQUE = [32, 24, 0xffff_ffff, 16, ...Array<number>(4).fill(0xffff_ffff)];
/** 36 bytes: an unknown hint as explicit, a length that does not fit as opaque. */
const PROBE_GENERIC = [36, 2, ...Array<number>(6).fill(0), 0x8000_0000];

function errnoOf(container: number, words: readonly number[]): number {
  const argument = new PinnedMemory(words.length * 4);
  words.forEach((word, i) => argument.view.setUint32(i * 4, word, true));
  return ioctl(container, VFIO_IOMMU_TLB_INVALIDATE, argument.address) < 0 ? errno() : 0;
}

/** What two refusals say of a kernel; pure. */
export function layoutsFrom(opaqueErrno: number, genericErrno: number): ReadonlySet<RfcLayout> {
  const { EINVAL, EOPNOTSUPP } = ERRNO;
  if (opaqueErrno === EINVAL && genericErrno === EOPNOTSUPP) return new Set(['generic']);
  if (opaqueErrno === EOPNOTSUPP && genericErrno === EINVAL) return new Set(['opaque']);
  if (opaqueErrno === EOPNOTSUPP && genericErrno === EOPNOTSUPP)
    return new Set(['generic', 'opaque']);
  return new Set(); // ENOTTY: an ordinary kernel. Anything else: another proposal at this number.
}

/** Throws where the kernel does not serve `layout`, saying which does and what to use instead. */
export function requireLayout(container: number, layout: RfcLayout, kernel: string): void {
  const opaque = errnoOf(container, PROBE_OPAQUE);
  const generic = errnoOf(container, PROBE_GENERIC);
  const layouts = layoutsFrom(opaque, generic);
  if (layouts.has(layout)) return;
  const [other] = layouts;
  if (other !== undefined) {
    throw new ToolError(
      'E_NOT_SUPPORTED',
      `Linux ${kernel} has VFIO_IOMMU_TLB_INVALIDATE in its ${other} layout only; nothing was issued`,
      { hint: `use dialect 'vfio-rfc-${other}'` },
    );
  }
  const isAbsent = opaque === ERRNO.ENOTTY && generic === ERRNO.ENOTTY;
  throw new ToolError(
    'E_NOT_SUPPORTED',
    isAbsent
      ? `Linux ${kernel} has no VFIO_IOMMU_TLB_INVALIDATE: it was proposed in 2017 and never merged; nothing was issued`
      : `Linux ${kernel} has something else at the number of VFIO_IOMMU_TLB_INVALIDATE; nothing was issued`,
    {
      hint: "the lab's own kernel has it (npm run lab -- rfc). Here use dialect 'hwpt-vtd-s1' on a VT-d with nesting, or 'unmap', which works everywhere",
    },
  );
}

/** Names the plan's PASIDs to the container: a request that restricts to another is ENOENT. */
export function bindPasids(container: number, steps: StepBatch, bound: Set<number>): void {
  for (let entry = 0; entry < steps.entries; entry++) {
    if ((steps.scope[entry] & SCOPE.pasid) === 0) continue;
    if ((steps.present[entry] & PRESENT.pasid) === 0 || bound.has(steps.pasid[entry])) continue;
    const pasid = steps.pasid[entry];
    call(container, PASID_BIND, 16, `naming PASID ${pasid} to the container`, (view) => {
      view.setUint32(8, pasid, true);
    });
    bound.add(pasid);
  }
}
