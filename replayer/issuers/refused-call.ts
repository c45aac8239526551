// A system call that the kernel refused while an issuer was setting up: which, and with what.

import { ToolError } from '../../collector/base/index.ts';
import { ERRNO, errno, errnoName, ioctl } from '../calls/native.ts';
import { PinnedMemory } from '../calls/pinned.ts';

export class RefusedCall extends ToolError {
  readonly errno: number;

  constructor(what: string, code: number) {
    super(
      'E_NOT_SUPPORTED',
      `${what}: the kernel refused with ${errnoName(code)}; nothing was issued`,
      { hint: hintFor(what, code) },
    );
    this.errno = code;
  }
}

function hintFor(what: string, code: number): string {
  if (code === ERRNO.EPERM)
    return 'the platform may lack interrupt remapping, or you the permission';
  if (code === ERRNO.EBUSY) return 'another process holds the device or its group';
  if (code === ERRNO.EOPNOTSUPP && what.includes('nesting parent')) {
    return "this IOMMU or kernel has no nested translation; see iotlb doctor. Dialect 'unmap' works without";
  }
  return 'see iotlb doctor for what this host can do';
}

/**
 * Makes one call with a zeroed argument of `bytes` that `fill` completes; its first word is its size.
 * Throws RefusedCall, which names `what` was being done.
 */
export function call(
  fd: number,
  request: number,
  bytes: number,
  what: string,
  fill: (view: DataView) => void,
): DataView {
  const argument = new PinnedMemory(bytes);
  argument.view.setUint32(0, bytes, true);
  fill(argument.view);
  if (ioctl(fd, request, argument.address) < 0) throw new RefusedCall(what, errno());
  return argument.view;
}
