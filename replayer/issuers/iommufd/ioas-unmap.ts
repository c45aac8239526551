// `unmap` through iommufd: the device attached to an address space of its own, in which every range is
// mapped and unmapped again.

import { ToolError } from '../../../collector/base/index.ts';
import { PAGE_BYTES } from '../../../collector/model/index.ts';
import { IovaPlacer } from '../../calls/iova-windows.ts';
import { isVirtualMachine } from '../provenance.ts';
import { MappedMemory, UnmapCounts, unmapCalls } from '../../calls/unmap-calls.ts';
import { ioasShape } from '../../calls/unmap-shapes.ts';
import type { Carrier } from './carrier.ts';
import { findVfioDevice } from './device.ts';
import { iovaRanges } from './kernel.ts';
import { openSession, requireDevice } from './session.ts';

export const unmapCarrier: Carrier = {
  dialect: 'unmap',
  needsDevice: true,
  open(text) {
    const found = findVfioDevice(requireDevice(text, 'iommufd'));
    return openSession((session) => {
      const device = session.bind(found);
      const ioas = session.ioas();
      session.attach(device, ioas);
      const { windows, alignment } = iovaRanges(session.iommufd, ioas);
      requireSmallPages(alignment);
      const placer = new IovaPlacer(windows);
      const memory = new MappedMemory();
      const counts = new UnmapCounts();
      return {
        provenance: isVirtualMachine() ? 'lab' : 'hardware',
        makesSystemCalls: true,
        get description() {
          return `device ${found.address}, Linux ${session.kernel}, iommufd address space, ${counts.text(placer)}`;
        },
        prepare: (steps, dialect) =>
          unmapCalls(session.iommufd, steps, dialect, {
            shape: ioasShape(ioas),
            memory,
            placer,
            counts,
          }),
        // Unmapping what is not mapped is ENOENT, so a success unmapped its range (spec 2.3).
        completed: (_dialect, _errno, reported) => reported,
        close: () => session.close(),
      };
    });
  },
};

function requireSmallPages(alignment: number): void {
  if (alignment <= PAGE_BYTES) return;
  throw new ToolError(
    'E_NOT_SUPPORTED',
    `this host maps in units of ${alignment} bytes, the recording counts in pages of ${PAGE_BYTES}; nothing was issued`,
  );
}
