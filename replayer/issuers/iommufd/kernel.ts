// The iommufd and VFIO cdev calls that an issuer makes, one function each, with their structures by byte
// offset (spec 1.4, 2.3; Linux include/uapi/linux/iommufd.h and vfio.h). Holds no state.

import { ToolError } from '../../../collector/base/index.ts';
import { ERRNO, errno, errnoName, ioctl } from '../../loop/native.ts';
import { PinnedMemory } from '../../loop/pinned.ts';

const IOMMU_DESTROY = 0x3b80;
const IOMMU_IOAS_ALLOC = 0x3b81;
const IOMMU_IOAS_MAP = 0x3b85;
const IOMMU_HWPT_ALLOC = 0x3b89;
const IOMMU_GET_HW_INFO = 0x3b8a;
const VFIO_DEVICE_BIND_IOMMUFD = 0x3b76;
const VFIO_DEVICE_ATTACH_IOMMUFD_PT = 0x3b77;
const VFIO_DEVICE_DETACH_IOMMUFD_PT = 0x3b78;

const MAP_FIXED_READABLE_WRITEABLE = 7;
export const HWPT_NEST_PARENT = 1;
const ATTACH_PASID = 1;

/** A call that the kernel refused while setting up: which, and with what. */
export class RefusedCall extends ToolError {
  readonly errno: number;

  constructor(what: string, code: number) {
    super(
      'E_NOT_SUPPORTED',
      `${what}: the kernel refused with ${errnoName(code)}; nothing was issued`,
      {
        hint: hintFor(what, code),
      },
    );
    this.errno = code;
  }
}

function hintFor(what: string, code: number): string {
  if (code === ERRNO.EPERM)
    return 'the platform may lack interrupt remapping, or you the permission';
  if (code === ERRNO.EBUSY) return 'another process holds the device or its group';
  if (code === ERRNO.EOPNOTSUPP && what.includes('nesting parent')) {
    return 'this IOMMU or kernel has no nested translation; see iotlb doctor';
  }
  return 'see iotlb doctor for what this host can do';
}

/** Makes one call with a zeroed argument of `bytes` that `fill` completes; its first word is its size. */
function call(
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

export function bindIommufd(device: number, iommufd: number): number {
  return call(device, VFIO_DEVICE_BIND_IOMMUFD, 16, 'binding the device to iommufd', (view) => {
    view.setInt32(8, iommufd, true);
  }).getUint32(12, true);
}

export function allocIoas(iommufd: number): number {
  return call(iommufd, IOMMU_IOAS_ALLOC, 12, 'making an address space', () => undefined).getUint32(
    8,
    true,
  );
}

export function mapIoas(
  iommufd: number,
  ioas: number,
  at: { readonly iova: number; readonly memory: number; readonly bytes: number },
): void {
  call(iommufd, IOMMU_IOAS_MAP, 40, 'mapping a page table for the nested domain', (view) => {
    view.setUint32(4, MAP_FIXED_READABLE_WRITEABLE, true);
    view.setUint32(8, ioas, true);
    view.setBigUint64(16, BigInt(at.memory), true);
    view.setBigUint64(24, BigInt(at.bytes), true);
    view.setBigUint64(32, BigInt(at.iova), true);
  });
}

export interface HwptRequest {
  readonly what: string;
  readonly device: number;
  /** An IOAS for a parent, a parent for a nested HWPT. */
  readonly parent: number;
  readonly flags: number;
  readonly dataType: number;
  readonly data: PinnedMemory | undefined;
}

export function allocHwpt(iommufd: number, request: HwptRequest): number {
  return call(iommufd, IOMMU_HWPT_ALLOC, 40, request.what, (view) => {
    view.setUint32(4, request.flags, true);
    view.setUint32(8, request.device, true);
    view.setUint32(12, request.parent, true);
    view.setUint32(24, request.dataType, true);
    view.setUint32(28, request.data?.bytes.length ?? 0, true);
    view.setBigUint64(32, BigInt(request.data?.address ?? 0), true);
  }).getUint32(16, true);
}

export interface HardwareInfo {
  readonly dataType: number;
  readonly data: PinnedMemory;
  readonly maxPasidLog2: number;
}

export function hardwareInfo(iommufd: number, device: number): HardwareInfo {
  const data = new PinnedMemory(64);
  const view = call(
    iommufd,
    IOMMU_GET_HW_INFO,
    40,
    'asking for the IOMMU behind the device',
    (info) => {
      info.setUint32(8, device, true);
      info.setUint32(12, data.bytes.length, true);
      info.setBigUint64(16, BigInt(data.address), true);
    },
  );
  return { dataType: view.getUint32(24, true), data, maxPasidLog2: view.getUint8(28) };
}

/** Attaches the whole device, or one PASID of it. */
export function attach(device: number, hwpt: number, pasid?: number): void {
  const what =
    pasid === undefined ? 'attaching the device' : `attaching PASID ${pasid} of the device`;
  call(device, VFIO_DEVICE_ATTACH_IOMMUFD_PT, pasid === undefined ? 12 : 16, what, (view) => {
    view.setUint32(4, pasid === undefined ? 0 : ATTACH_PASID, true);
    view.setUint32(8, hwpt, true);
    if (pasid !== undefined) view.setUint32(12, pasid, true);
  });
}

export function detach(device: number, pasid?: number): void {
  call(
    device,
    VFIO_DEVICE_DETACH_IOMMUFD_PT,
    pasid === undefined ? 8 : 12,
    'detaching the device',
    (view) => {
      view.setUint32(4, pasid === undefined ? 0 : ATTACH_PASID, true);
      if (pasid !== undefined) view.setUint32(8, pasid, true);
    },
  );
}

export function destroy(iommufd: number, id: number): void {
  call(iommufd, IOMMU_DESTROY, 8, `freeing object ${id}`, (view) => view.setUint32(4, id, true));
}
