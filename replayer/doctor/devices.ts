// PCI devices that are on vfio-pci: the only ones that an issuer may be told to use.

import type { Check, CheckLine } from './check.ts';
import type { HostFiles } from './host-files.ts';

const DEVICES = '/sys/bus/pci/devices';

export const devices: Check = {
  name: 'devices',
  summary: 'devices on vfio-pci',
  topic: 'host',
  look(files) {
    const bound = files
      .names(DEVICES)
      .filter((address) => files.link(`${DEVICES}/${address}/driver`) === 'vfio-pci');
    if (bound.length > 0) return bound.map((address) => deviceLine(files, address));
    return [
      {
        what: 'device on vfio-pci',
        finding: 'missing',
        detail: 'none: there is nothing to give with --device',
        advice:
          "choose one that nobody uses, then 'iotlb replay --issuer iommufd --device ADDRESS' names the commands that bind it",
      },
    ];
  },
};

function deviceLine(files: HostFiles, address: string): CheckLine {
  const folder = `${DEVICES}/${address}`;
  const group = files.link(`${folder}/iommu_group`) ?? 'none';
  const [node] = files.names(`${folder}/vfio-dev`);
  const what = address;
  if (node === undefined) {
    return {
      what,
      finding: 'missing',
      detail: `group ${group}; vfio-pci offers no device node`,
      advice: 'a kernel with CONFIG_VFIO_DEVICE_CDEV',
    };
  }
  const path = `/dev/vfio/devices/${node}`;
  const detail = `group ${group}, ${path}`;
  if (files.mayOpen(path)) return { what, finding: 'ok', detail };
  return {
    what,
    finding: 'missing',
    detail: `${detail}: this user may not open it`,
    advice: `sudo chown "$USER" ${path}`,
  };
}
