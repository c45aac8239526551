// `hwpt-vtd-s1` through iommufd: nested HWPTs of an Intel VT-d, with the device attached to them.

import { hwptCalls } from '../../calls/hwpt-calls.ts';
import { isVirtualMachine } from '../provenance.ts';
import type { Carrier } from './carrier.ts';
import { findVfioDevice } from './device.ts';
import { openSession, requireDevice } from './session.ts';
import { VtdNested } from './vtd-nested.ts';

export const vtdCarrier: Carrier = {
  dialect: 'hwpt-vtd-s1',
  needsDevice: true,
  open(device) {
    const found = findVfioDevice(requireDevice(device, 'iommufd'));
    return openSession((session) => {
      const nested = new VtdNested(session, session.bind(found));
      return {
        provenance: isVirtualMachine() ? 'lab' : 'hardware',
        makesSystemCalls: true,
        get description() {
          const shared = nested.shared === 0 ? '' : `, ${nested.shared} guest tags share one HWPT`;
          return `device ${found.address}, Linux ${session.kernel}, VT-d nested, ${nested.hwpts} HWPTs${shared}`;
        },
        prepare(steps, dialect) {
          nested.makeFor(steps);
          return hwptCalls(session.iommufd, steps, dialect, (from, entry) =>
            nested.targetsOf(from, entry),
          );
        },
        // Entries run in order and synchronously; the count is exact, also after an error (spec 2.8).
        completed: (_dialect, _errno, reported) => reported,
        close: () => session.close(),
      };
    });
  },
};
