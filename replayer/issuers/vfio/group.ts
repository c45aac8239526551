// The VFIO group of the one device that a type1 replay may touch: all of the group must be on vfio-pci.
// Opens nothing; never binds or unbinds a driver.

import { readdirSync } from 'node:fs';

import { ToolError } from '../../../collector/base/index.ts';
import { linkName, pciAddress, requireAccess, requireVfioPci } from '../pci-device.ts';

export interface VfioGroup {
  readonly address: string;
  /** `/dev/vfio/N` */
  readonly node: string;
}

/** Throws ToolError with what a person may do. */
export function findVfioGroup(text: string): VfioGroup {
  const address = pciAddress(text);
  const folder = requireVfioPci(address);
  const group = linkName(`${folder}/iommu_group`);
  if (group === undefined) {
    throw new ToolError('E_NO_DEVICE', `${address}: is behind no IOMMU; it was not touched`, {
      hint: 'switch the IOMMU on in firmware and on the kernel command line',
    });
  }
  const others = strangers(`${folder}/iommu_group/devices`);
  if (others.length > 0) {
    throw new ToolError(
      'E_NO_DEVICE',
      `${address}: shares group ${group} with ${others.join(', ')}, on another driver; nothing was touched`,
      {
        hint: 'VFIO hands out whole groups: every device of it must be on vfio-pci or on no driver',
      },
    );
  }
  const node = `/dev/vfio/${group}`;
  requireAccess(node);
  return { address, node };
}

/** Drivers that VFIO lets stay in a group. */
const HARMLESS = new Set(['vfio-pci', 'pci-stub', 'pcieport']);

function strangers(folder: string): readonly string[] {
  return readdirSync(folder).flatMap((device) => {
    const driver = linkName(`${folder}/${device}/driver`);
    return driver === undefined || HARMLESS.has(driver) ? [] : [`${device} (${driver})`];
  });
}
