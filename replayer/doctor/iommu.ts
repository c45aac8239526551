// Whether this kernel can carry invalidations to hardware: iommufd, VFIO, an IOMMU that is on.

import type { Check, CheckLine } from './check.ts';
import type { HostFiles } from './host-files.ts';

const OPTIONS: readonly { readonly option: string; readonly for: string }[] = [
  { option: 'CONFIG_IOMMUFD', for: 'issuer iommufd' },
  { option: 'CONFIG_VFIO_DEVICE_CDEV', for: 'opening a device for iommufd' },
  { option: 'CONFIG_VFIO_PCI', for: 'handing a PCI device to user space' },
  { option: 'CONFIG_INTEL_IOMMU', for: 'VT-d' },
  { option: 'CONFIG_ARM_SMMU_V3', for: 'SMMUv3' },
  { option: 'CONFIG_ARM_SMMU_V3_IOMMUFD', for: 'nested SMMUv3' },
];

const MODULES = ['iommufd', 'vfio', 'vfio_pci', 'vfio_iommu_type1'];

export const iommufdNode: Check = {
  name: 'iommufd',
  summary: 'the iommufd node and its kernel',
  topic: 'host',
  look: (files) => [nodeLine(files), ...optionLines(files), modulesLine(files), groupsLine(files)],
};

function nodeLine(files: HostFiles): CheckLine {
  const what = '/dev/iommu';
  if (!files.exists(what)) {
    return {
      what,
      finding: 'missing',
      detail: 'no iommufd: only the issuers null and recording can run',
      advice: 'modprobe iommufd, or a kernel with CONFIG_IOMMUFD',
    };
  }
  if (files.mayOpen(what)) return { what, finding: 'ok', detail: 'this user may open it' };
  return {
    what,
    finding: 'missing',
    detail: 'this user may not open it',
    advice: `root is not needed: sudo chown "$USER" ${what}`,
  };
}

function optionLines(files: HostFiles): readonly CheckLine[] {
  const config = files.kernelConfig();
  if (config === undefined) {
    const detail = `Linux ${files.kernel} shows its options neither in /proc/config.gz nor in /boot`;
    return [{ what: 'kernel options', finding: 'unknown', detail }];
  }
  return OPTIONS.filter(({ option }) => config.includes(option)).map(({ option, for: use }) => {
    const value = new RegExp(`^${option}=([ym])`, 'm').exec(config)?.[1];
    if (value !== undefined) return { what: option, finding: 'ok', detail: `${value}, ${use}` };
    return { what: option, finding: 'missing', detail: use, advice: 'a kernel built with it' };
  });
}

function modulesLine(files: HostFiles): CheckLine {
  const loaded = MODULES.filter((name) => files.exists(`/sys/module/${name}`));
  const what = 'modules';
  if (loaded.length > 0) return { what, finding: 'ok', detail: loaded.join(', ') };
  return {
    what,
    finding: 'missing',
    detail: `none of ${MODULES.join(', ')} is loaded or built in`,
    advice: 'modprobe vfio-pci iommufd',
  };
}

function groupsLine(files: HostFiles): CheckLine {
  const groups = files.names('/sys/kernel/iommu_groups').length;
  const units = files.names('/sys/class/iommu');
  const what = 'IOMMU';
  if (groups > 0) {
    return { what, finding: 'ok', detail: `${units.join(', ') || 'on'}; ${groups} groups` };
  }
  return {
    what,
    finding: 'missing',
    detail: 'no device is behind an IOMMU that is on',
    advice: 'switch it on in the firmware; on Intel boot with intel_iommu=on',
  };
}

export const nested: Check = {
  name: 'nested',
  summary: 'nested translation',
  topic: 'host',
  look: () => [
    {
      what: 'nested translation',
      finding: 'unknown',
      detail: 'only the opened device tells; the iommufd issuer asks it before it issues anything',
    },
  ],
};
