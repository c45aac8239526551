// The iommufd objects that the lab's own checks need, made step by step as in spec 2.10. Guest only.

import { readdirSync } from 'node:fs';
import { addressOf, ioctl, must, openDevice, struct } from './ioctl.ts';

const NO_DATA = Buffer.alloc(0);
export const HWPT_NEST_PARENT = 1;

export interface BoundDevice {
  readonly iommufd: number;
  readonly cdev: number;
  readonly deviceId: number;
  readonly ioasId: number;
}

/** The cdev of a PCI device on vfio-pci. */
export function vfioCdev(device: string): string {
  const [name] = readdirSync(`/sys/bus/pci/devices/${device}/vfio-dev`);
  return `/dev/vfio/devices/${name}`;
}

export function allocIoas(iommufd: number): number {
  const ioas = struct(12, [[0, 4, 12]]);
  must('IOAS_ALLOC', ioctl(iommufd, 0x3b81, ioas));
  return ioas.readUInt32LE(8);
}

export function bindDevice(device: string): BoundDevice {
  const iommufd = openDevice('/dev/iommu');
  const cdev = openDevice(vfioCdev(device));
  const bind = struct(16, [
    [0, 4, 16],
    [8, 4, iommufd],
  ]);
  must('BIND_IOMMUFD', ioctl(cdev, 0x3b76, bind));
  return { iommufd, cdev, deviceId: bind.readUInt32LE(12), ioasId: allocIoas(iommufd) };
}

export interface HwptRequest {
  readonly device: number;
  readonly parent: number;
  readonly flags?: number;
  readonly type?: number;
  readonly data?: Buffer;
}

export function allocHwpt(iommufd: number, request: HwptRequest): number {
  const data = request.data ?? NO_DATA;
  const hwpt = struct(48, [
    [0, 4, 48],
    [4, 4, request.flags ?? 0],
    [8, 4, request.device],
    [12, 4, request.parent],
    [24, 4, request.type ?? 0],
    [28, 4, data.length],
    [32, 8, data.length === 0 ? 0n : addressOf(data)],
  ]);
  must('HWPT_ALLOC', ioctl(iommufd, 0x3b89, hwpt));
  return hwpt.readUInt32LE(16);
}

/** Attaches the device to a page table; with id 0 it detaches it. */
export function attach(cdev: number, hwptId: number): void {
  if (hwptId === 0) must('DETACH', ioctl(cdev, 0x3b78, struct(8, [[0, 4, 8]])));
  else
    must(
      'ATTACH',
      ioctl(
        cdev,
        0x3b77,
        struct(12, [
          [0, 4, 12],
          [8, 4, hwptId],
        ]),
      ),
    );
}

export interface Invalidation {
  readonly id: number;
  readonly type: number;
  readonly entryLength: number;
  readonly entries: Uint8Array;
}

/** IOMMU_HWPT_INVALIDATE: its errno, and what it wrote back as done. */
export function invalidate(
  iommufd: number,
  request: Invalidation,
): { readonly errno: string; readonly done: number } {
  const data = Buffer.from(request.entries);
  const call = struct(32, [
    [0, 4, 32],
    [4, 4, request.id],
    [8, 8, addressOf(data)],
    [16, 4, request.type],
    [20, 4, request.entryLength],
    [24, 4, data.length / request.entryLength],
  ]);
  const { errno } = ioctl(iommufd, 0x3b8d, call);
  return { errno, done: call.readUInt32LE(24) };
}
