// The issuer `vfio`: a type1 container with the group of the one device it is told to use. Map and unmap on
// every kernel, and the ioctl proposed in 2017 on a kernel that has it.

import { existsSync } from 'node:fs';

import { ToolError } from '../../../collector/base/index.ts';
import { IovaPlacer } from '../../calls/iova-windows.ts';
import type { Issuer, IssuerSession } from '../issuer.ts';
import { requireAccess } from '../pci-device.ts';
import { isVirtualMachine } from '../provenance.ts';
import { structCalls } from '../../calls/struct-calls.ts';
import { MappedMemory, UnmapCounts, unmapCalls } from '../../calls/unmap-calls.ts';
import { type1Shape } from '../../calls/unmap-shapes.ts';
import { VfioContainer } from './container.ts';
import { findVfioGroup } from './group.ts';
import { bindPasids, requireLayout, type RfcLayout } from './rfc.ts';

const CONTAINER = '/dev/vfio/vfio';
const LAYOUTS: ReadonlyMap<string, RfcLayout> = new Map([
  ['vfio-rfc-generic', 'generic'],
  ['vfio-rfc-opaque', 'opaque'],
]);
const UNMAP = 'unmap';

export const vfioIssuer: Issuer = {
  name: 'vfio',
  summary: 'through a VFIO type1 container, on the device given with --device',
  provenances: ['hardware', 'lab'],
  dialects: [UNMAP, ...LAYOUTS.keys()],
  missing(_dialect, { device }) {
    if (!existsSync(CONTAINER))
      return `there is no ${CONTAINER} (a kernel with CONFIG_VFIO_CONTAINER and its module are needed)`;
    return device === undefined
      ? 'it must be told which device to use (--device 0000:00:03.0)'
      : undefined;
  },
  open(dialect, { device }) {
    if (device === undefined)
      throw new ToolError(
        'E_USAGE',
        "issuer 'vfio' touches only a device it is told to; nothing was opened",
        { hint: 'give --device' },
      );
    requireAccess(CONTAINER);
    const group = findVfioGroup(device);
    const container = new VfioContainer(group);
    try {
      const layout = LAYOUTS.get(dialect.name);
      return layout === undefined
        ? unmapSession(container, group.address)
        : rfcSession(container, group.address, layout);
    } catch (error) {
      container.close();
      throw error;
    }
  },
};

function unmapSession(container: VfioContainer, address: string): IssuerSession {
  const placer = new IovaPlacer(container.windows());
  const memory = new MappedMemory();
  const counts = new UnmapCounts();
  return {
    provenance: isVirtualMachine() ? 'lab' : 'hardware',
    makesSystemCalls: true,
    get description() {
      return `device ${address}, Linux ${container.kernel}, VFIO type1, ${counts.text(placer)}`;
    },
    prepare: (steps, dialect) =>
      unmapCalls(container.fd, steps, dialect, { shape: type1Shape, memory, placer, counts }),
    // type1 unmaps nothing with success: after a failed map its count is worth nothing.
    completed: (_dialect, errno, reported) => (errno === 0 ? reported : 0),
    close: () => container.close(),
  };
}

function rfcSession(container: VfioContainer, address: string, layout: RfcLayout): IssuerSession {
  requireLayout(container.fd, layout, container.kernel);
  const pasids = new Set<number>();
  return {
    provenance: isVirtualMachine() ? 'lab' : 'hardware',
    makesSystemCalls: true,
    get description() {
      const bound = pasids.size === 0 ? '' : `, ${pasids.size} PASIDs bound`;
      return `device ${address}, Linux ${container.kernel}, VFIO type1 with the ioctl of 2017, ${layout} layout${bound}; one container stands for all guest domains`;
    },
    prepare(steps, dialect) {
      bindPasids(container.fd, steps, pasids);
      return structCalls(container.fd, steps, dialect);
    },
    completed: (_dialect, _errno, reported) => reported,
    close: () => container.close(),
  };
}
