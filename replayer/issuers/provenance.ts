// Whether this kernel runs on a machine or in one: an IOMMU inside a virtual machine is emulated, and
// numbers from it must say so.

import { readFileSync } from 'node:fs';

const VIRTUAL_VENDORS =
  /QEMU|Bochs|VMware|Xen|innotek|KVM|Microsoft Corporation|Amazon EC2|Google/i;

function text(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // not on this architecture
  }
}

export function isVirtualMachine(): boolean {
  return (
    process.env.IOTLB_LAB_GUEST === '1' || // the lab's own guests say so: not every one has DMI
    /^flags\s*:.*\bhypervisor\b/m.test(text('/proc/cpuinfo')) ||
    VIRTUAL_VENDORS.test(text('/sys/class/dmi/id/sys_vendor')) ||
    text('/proc/device-tree/hypervisor/compatible') !== '' ||
    /qemu|dummy-virt/i.test(text('/proc/device-tree/compatible'))
  );
}
