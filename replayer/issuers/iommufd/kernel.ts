// The iommufd and VFIO cdev calls that an issuer makes, one function each, with their structures by byte
// offset (spec 1.4, 2.3; Linux include/uapi/linux/iommufd.h and vfio.h). Holds no state.

import { PinnedMemory } from '../../calls/pinned.ts';
import { windowAt, type IovaWindow } from '../../calls/iova-windows.ts';
import { call } from '../refused-call.ts';

const IOMMU_DESTROY = 0x3b80;
const IOMMU_IOAS_ALLOC = 0x3b81;
const IOMMU_IOAS_IOVA_RANGES = 0x3b84;
const IOMMU_IOAS_MAP = 0x3b85;
const IOMMU_HWPT_ALLOC = 0x3b89;
const IOMMU_GET_HW_INFO = 0x3b8a;
const IOMMU_VIOMMU_ALLOC = 0x3b90;
const IOMMU_VDEVICE_ALLOC = 0x3b91;
const VFIO_DEVICE_BIND_IOMMUFD = 0x3b76;
const VFIO_DEVICE_ATTACH_IOMMUFD_PT = 0x3b77;
const VFIO_DEVICE_DETACH_IOMMUFD_PT = 0x3b78;

const MAP_FIXED_READABLE_WRITEABLE = 7;
export const HWPT_NEST_PARENT = 1;
const ATTACH_PASID = 1;

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

/** The addresses that may be mapped, and the granule of a mapping in bytes. Ask after attaching. */
export function iovaRanges(
  iommufd: number,
  ioas: number,
): { readonly windows: readonly IovaWindow[]; readonly alignment: number } {
  const room = 64;
  const ranges = new PinnedMemory(room * 16);
  const view = call(
    iommufd,
    IOMMU_IOAS_IOVA_RANGES,
    32,
    'asking for the allowed addresses',
    (v) => {
      v.setUint32(4, ioas, true);
      v.setUint32(8, room, true);
      v.setBigUint64(16, BigInt(ranges.address), true);
    },
  );
  const count = view.getUint32(8, true);
  return {
    windows: Array.from({ length: count }, (_, i) => windowAt(ranges.view, i * 16)),
    alignment: Number(view.getBigUint64(24, true)),
  };
}

export function allocViommu(
  iommufd: number,
  viommu: { readonly type: number; readonly device: number; readonly parent: number },
): number {
  return call(iommufd, IOMMU_VIOMMU_ALLOC, 40, 'making a vIOMMU', (view) => {
    view.setUint32(8, viommu.type, true);
    view.setUint32(12, viommu.device, true);
    view.setUint32(16, viommu.parent, true);
  }).getUint32(20, true);
}

/** Tells the kernel which number the device has in the guest. */
export function allocVdevice(
  iommufd: number,
  vdevice: { readonly viommu: number; readonly device: number; readonly guestId: number },
): number {
  return call(iommufd, IOMMU_VDEVICE_ALLOC, 24, "giving the device its guest's number", (view) => {
    view.setUint32(4, vdevice.viommu, true);
    view.setUint32(8, vdevice.device, true);
    view.setBigUint64(16, BigInt(vdevice.guestId), true);
  }).getUint32(12, true);
}
