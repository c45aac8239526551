// The issuer `iommufd`: real invalidations through /dev/iommu, on the one device it is told to use.

import { existsSync } from 'node:fs';

import { ToolError } from '../../../collector/base/index.ts';
import { hwptCalls } from '../hwpt-calls.ts';
import type { Issuer, IssuerSession } from '../issuer.ts';
import { isVirtualMachine } from '../provenance.ts';
import { findVfioDevice, requireAccess } from './device.ts';
import { IommufdSession } from './session.ts';
import { VtdNested } from './vtd-nested.ts';

const INVALIDATE_DATA_VTD_S1 = 0;

export const iommufdIssuer: Issuer = {
  name: 'iommufd',
  summary: 'IOMMU_HWPT_INVALIDATE on nested HWPTs of the device given with --device',
  provenances: ['hardware', 'lab'],
  dialects: ['hwpt-vtd-s1'],
  missing({ device }) {
    if (!existsSync('/dev/iommu'))
      return 'there is no /dev/iommu (a kernel with CONFIG_IOMMUFD is needed)';
    return device === undefined
      ? 'it must be told which device to use (--device 0000:00:03.0)'
      : undefined;
  },
  open({ device }) {
    if (device === undefined)
      throw new ToolError(
        'E_USAGE',
        "issuer 'iommufd' touches only a device it is told to; nothing was opened",
        { hint: 'give --device' },
      );
    requireAccess('/dev/iommu');
    const found = findVfioDevice(device);
    const session = new IommufdSession(found);
    try {
      return vtdSession(session, found.address);
    } catch (error) {
      session.close();
      throw error;
    }
  },
};

function vtdSession(session: IommufdSession, address: string): IssuerSession {
  const nested = new VtdNested(session);
  return {
    provenance: isVirtualMachine() ? 'lab' : 'hardware',
    makesSystemCalls: true,
    get description() {
      const shared = nested.shared === 0 ? '' : `, ${nested.shared} guest tags share one HWPT`;
      return `device ${address}, Linux ${session.kernel}, VT-d nested, ${nested.hwpts} HWPTs${shared}`;
    },
    prepare(steps, dialect) {
      nested.makeFor(steps);
      return hwptCalls(session.iommufd, steps, dialect, INVALIDATE_DATA_VTD_S1, (from, entry) =>
        nested.targetsOf(from, entry),
      );
    },
    // Entries run in order and synchronously; the count is exact, also after an error (spec 2.8).
    completed: (_dialect, _errno, reported) => reported,
    close: () => session.close(),
  };
}
