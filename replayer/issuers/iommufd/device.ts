// The VFIO node of the one device that an iommufd replay may touch. Opens nothing.

import { readdirSync } from 'node:fs';

import { ToolError } from '../../../collector/base/index.ts';
import { pciAddress, requireAccess, requireVfioPci } from '../pci-device.ts';

export interface VfioDevice {
  readonly address: string;
  /** `/dev/vfio/devices/vfioN` */
  readonly node: string;
}

/** Finds the device's VFIO node. Throws ToolError with what a person may do. */
export function findVfioDevice(text: string): VfioDevice {
  const address = pciAddress(text);
  const folder = requireVfioPci(address);
  const [node] = names(`${folder}/vfio-dev`);
  if (node === undefined) {
    throw new ToolError(
      'E_NO_DEVICE',
      `${address}: vfio-pci offers no device node; it was not touched`,
      { hint: "the kernel needs CONFIG_VFIO_DEVICE_CDEV; issuer 'vfio' does without it" },
    );
  }
  const path = `/dev/vfio/devices/${node}`;
  requireAccess(path);
  return { address, node: path };
}

function names(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch {
    return []; // no such folder: the kernel makes no device nodes
  }
}
