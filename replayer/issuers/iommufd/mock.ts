// The iommufd selftest mock (spec 2.11): made, used and looked at through IOMMU_TEST_CMD. No device and no
// hardware: what it is good for is the kernel's own entry path and its way of counting. For tests.

import { MOCK_SLOTS } from '../../dialects/selftest-slots.ts';
import { MOCK_GUEST_DEVICE } from '../../dialects/viommu-selftest.ts';
import { PinnedMemory } from '../../calls/pinned.ts';
import { hwptCalls } from '../../calls/hwpt-calls.ts';
import type { IssuerSession } from '../issuer.ts';
import { RefusedCall, call } from '../refused-call.ts';
import type { Carrier } from './carrier.ts';
import { allocHwpt, allocVdevice, allocViommu } from './kernel.ts';
import { openSession, type IommufdSession } from './session.ts';

const IOMMU_TEST_CMD = 0x3ba0;
const OP = { mockDomain: 2, replace: 10, checkIotlb: 14, checkCache: 16 } as const;
const HWPT_DATA_SELFTEST = 0xdead;
const VIOMMU_SELFTEST = 0xdeadbeef;
/** What the slots of a nested HWPT are filled with; an invalidated one reads 0. */
const IOTLB_FULL = 0x0badbeef;

function testCommand(
  session: IommufdSession,
  op: number,
  id: number,
  words: readonly [number, number],
): DataView {
  const what =
    op === OP.mockDomain
      ? 'making a mock device (a kernel with CONFIG_IOMMUFD_TEST is needed)'
      : 'looking at the mock';
  return call(session.iommufd, IOMMU_TEST_CMD, 72, what, (view) => {
    view.setUint32(4, op, true);
    view.setUint32(8, id, true);
    view.setUint32(16, words[0], true);
    view.setUint32(20, words[1], true);
  });
}

/** Which slots the mock itself says are invalidated: its check compares, and refuses what differs. */
function emptySlots(session: IommufdSession, op: number, id: number): readonly number[] {
  return Array.from({ length: MOCK_SLOTS }, (_, slot) => slot).filter((slot) => {
    try {
      testCommand(session, op, id, [slot, 0]);
      return true;
    } catch (error) {
      if (error instanceof RefusedCall) return false;
      throw error;
    }
  });
}

interface MockDevice {
  /** The mock's own handle of it. */
  readonly handle: number;
  readonly device: number;
  readonly parent: number;
}

function mockDevice(session: IommufdSession): MockDevice {
  const ioas = session.ioas();
  const made = testCommand(session, OP.mockDomain, ioas, [0, 0]);
  const handle = session.own(made.getUint32(16, true));
  const device = made.getUint32(24, true);
  return { handle, device, parent: session.nestingParent(device, ioas).parent };
}

/** `target` takes the invalidations; `check` looks at object `looked` afterwards. */
function mockSession(
  session: IommufdSession,
  what: string,
  { target, check, looked }: { target: number; check: number; looked: number },
): IssuerSession {
  const targets = [target];
  return {
    provenance: 'lab',
    makesSystemCalls: true,
    get description() {
      const slots = emptySlots(session, check, looked);
      return `the kernel's own mock, no hardware: ${what}, Linux ${session.kernel}, slots invalidated: ${slots.length === 0 ? 'none' : slots.join(' ')}`;
    },
    prepare: (steps, dialect) => hwptCalls(session.iommufd, steps, dialect, () => targets),
    // The mock counts the entries before the bad one, exactly (spec 2.11).
    completed: (_dialect, _errno, reported) => reported,
    close: () => session.close(),
  };
}

export const mockHwptCarrier: Carrier = {
  dialect: 'hwpt-selftest',
  needsDevice: false,
  open: () =>
    openSession((session) => {
      const { device, parent } = mockDevice(session);
      const data = new PinnedMemory(8);
      data.view.setUint32(0, IOTLB_FULL, true);
      const target = session.own(
        allocHwpt(session.iommufd, {
          what: 'making a mock nested HWPT',
          device,
          parent,
          flags: 0,
          dataType: HWPT_DATA_SELFTEST,
          data,
        }),
      );
      return mockSession(session, 'nested HWPT', { target, check: OP.checkIotlb, looked: target });
    }),
};

export const mockViommuCarrier: Carrier = {
  dialect: 'viommu-selftest',
  needsDevice: false,
  open: () =>
    openSession((session) => {
      const { handle, device, parent } = mockDevice(session);
      testCommand(session, OP.replace, handle, [parent, 0]);
      const viommu = session.own(
        allocViommu(session.iommufd, { type: VIOMMU_SELFTEST, device, parent }),
      );
      const guestId = MOCK_GUEST_DEVICE;
      session.own(allocVdevice(session.iommufd, { viommu, device, guestId }));
      return mockSession(session, 'vIOMMU', {
        target: viommu,
        check: OP.checkCache,
        looked: device,
      });
    }),
};
