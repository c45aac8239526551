// `viommu-arm-smmuv3` through iommufd: a vIOMMU on a nesting parent, and the device as its vdevice where the
// plan names one. ATC_INV and CFGI commands need it; TLB commands carry the parent's VMID and reach the
// hardware without (spec 2.9).

import { ToolError } from '../../../collector/base/index.ts';
import { SMMU_BLOCK } from '../../dialects/viommu-arm-smmuv3.ts';
import { ERRNO } from '../../calls/native.ts';
import { hwptCalls } from '../../calls/hwpt-calls.ts';
import type { StepBatch } from '../../steps/step-batch.ts';
import type { CallProgram } from '../../calls/call-program.ts';
import { isVirtualMachine } from '../provenance.ts';
import type { Carrier } from './carrier.ts';
import { findVfioDevice } from './device.ts';
import { allocVdevice, allocViommu, hardwareInfo } from './kernel.ts';
import { openSession, requireDevice, type BoundDevice, type IommufdSession } from './session.ts';

const HW_INFO_ARM_SMMUV3 = 2;
const VIOMMU_ARM_SMMUV3 = 1;
/** The hardware wants TLBI and sync twice, and leaves that to user space (spec 2.5). */
const ERRATA_REPEAT_TLBI_CFGI = 1;
const IDR3_AT = 8 + 3 * 4;
const IDR3_RIL = 1 << 10;

/** What the SMMU can be told. Throws ToolError where it cannot be replayed on. */
function requireSmmu(session: IommufdSession, device: BoundDevice): { readonly ranges: boolean } {
  const info = hardwareInfo(session.iommufd, device.id);
  if (info.dataType !== HW_INFO_ARM_SMMUV3) {
    throw new ToolError(
      'E_NOT_SUPPORTED',
      `the device is not behind an Arm SMMUv3 (hardware type ${info.dataType}); nothing was issued`,
      { hint: "on Intel VT-d use dialect 'hwpt-vtd-s1'; 'unmap' works on every IOMMU" },
    );
  }
  if ((info.data.view.getUint32(0, true) & ERRATA_REPEAT_TLBI_CFGI) !== 0) {
    throw new ToolError(
      'E_NOT_SUPPORTED',
      'this SMMU has the erratum that wants every invalidation twice: a replay would measure half of it; nothing was issued',
      { hint: "use dialect 'unmap': there the kernel repeats them itself" },
    );
  }
  return { ranges: (info.data.view.getUint32(IDR3_AT, true) & IDR3_RIL) !== 0 };
}

/**
 * The one StreamID that entries name, undefined where none does: the device stands for it, since the host
 * answers EIO to any other (spec 4.6). Throws where there are several, or another than `known`.
 */
export function streamIdOf(steps: StepBatch, known: number | undefined): number | undefined {
  let found = known;
  let isNamed = false;
  for (let entry = 0; entry < steps.entries; entry++) {
    if (!steps.has(entry, 'sourceId')) continue;
    isNamed = true;
    found ??= steps.sourceId[entry];
    if (found === steps.sourceId[entry]) continue;
    throw new ToolError(
      'E_NOT_SUPPORTED',
      `the plan names StreamIDs 0x${found.toString(16)} and 0x${steps.sourceId[entry].toString(16)}, and one host device stands for one; nothing was issued`,
      { hint: 'replay a part of the recording that names one device only: --begin, --end' },
    );
  }
  return isNamed ? found : undefined;
}

/** Throws where a command has range fields and the SMMU none (EIO, spec 4.6). */
function requireNoRanges(program: CallProgram, commandBytes: number): void {
  const { view } = program.memory;
  const total = program.entries.reduce((sum, count) => sum + count, 0);
  const from = view.byteLength - total * commandBytes;
  for (let at = from; at + commandBytes <= view.byteLength; at += commandBytes) {
    if ((view.getUint32(at + 8, true) & 0xc00) === 0) continue;
    throw new ToolError(
      'E_NOT_SUPPORTED',
      'this SMMU has no range invalidation, and the plan holds ranges of several pages; nothing was issued',
      { hint: "use strategy 'single-page', which asks for each page by itself" },
    );
  }
}

export const smmuCarrier: Carrier = {
  dialect: 'viommu-arm-smmuv3',
  needsDevice: true,
  open(text) {
    const found = findVfioDevice(requireDevice(text, 'iommufd'));
    return openSession((session) => {
      const device = session.bind(found);
      const smmu = requireSmmu(session, device);
      const { parent } = session.nestingParent(device.id);
      const viommu = session.own(
        allocViommu(session.iommufd, { type: VIOMMU_ARM_SMMUV3, device: device.id, parent }),
      );
      const targets = [viommu];
      let guestId: number | undefined;
      return {
        provenance: isVirtualMachine() ? 'lab' : 'hardware',
        makesSystemCalls: true,
        description: `device ${found.address}, Linux ${session.kernel}, SMMUv3 vIOMMU${smmu.ranges ? '' : ' without range invalidation'}; all guest VMIDs become the host's one`,
        prepare(steps, dialect) {
          const named = streamIdOf(steps, guestId);
          if (guestId === undefined && named !== undefined) {
            guestId = named;
            session.own(allocVdevice(session.iommufd, { viommu, device: device.id, guestId }));
          }
          const program = hwptCalls(session.iommufd, steps, dialect, () => targets);
          if (!smmu.ranges) requireNoRanges(program, dialect.entryBytes);
          return program;
        },
        completed: (_dialect, errno, reported) => smmuCompleted(errno, reported),
        close: () => session.close(),
      };
    });
  },
};

/**
 * Commands that the hardware completed. After an error the kernel reports where it stopped converting, but
 * only whole blocks were issued; after ENOMEM it reports what was asked (spec 2.9).
 */
export function smmuCompleted(errno: number, reported: number): number {
  if (errno === 0) return reported;
  if (errno === ERRNO.ENOMEM) return 0;
  return SMMU_BLOCK * Math.floor(reported / SMMU_BLOCK);
}
