// Nested HWPTs for a VT-d replay: one per guest domain and PASID, attached, because without an attachment
// the calls succeed and reach no hardware (spec 2.8). Owns the map from guest tags to HWPTs.

import { PRESENT } from '../../../collector/model/index.ts';
import { ToolError } from '../../../collector/base/index.ts';
import { PinnedMemory } from '../../calls/pinned.ts';
import type { StepBatch } from '../../steps/step-batch.ts';
import { RefusedCall } from '../refused-call.ts';
import { allocHwpt, hardwareInfo, mapIoas } from './kernel.ts';
import type { BoundDevice, IommufdSession, NestingParent } from './session.ts';

const HW_INFO_INTEL_VTD = 1;
const HWPT_DATA_VTD_S1 = 1;
const HWPT_PASID = 8;
const ADDRESS_WIDTH = 48;
const PAGE = 4096;
/** Where the nested domain's empty page table lies in the parent: any mapped page will do. */
const TABLE_IOVA = 0x1000_0000;

interface GuestTarget {
  readonly domain: number;
  /** Undefined for mappings without PASID. */
  readonly pasid: number | undefined;
  readonly hwpt: number;
}

export class VtdNested {
  readonly #session: IommufdSession;
  readonly #device: BoundDevice;
  readonly #parent: NestingParent;
  readonly #targets: GuestTarget[] = [];
  readonly #table: PinnedMemory;
  readonly #memo = new Map<string, readonly number[]>();
  /** Guest tags that had to share an attached HWPT, because the device attaches no more PASIDs. */
  shared = 0;

  constructor(session: IommufdSession, device: BoundDevice) {
    const info = hardwareInfo(session.iommufd, device.id);
    if (info.dataType !== HW_INFO_INTEL_VTD) {
      throw new ToolError(
        'E_NOT_SUPPORTED',
        `the device is not behind an Intel VT-d IOMMU (hardware type ${info.dataType}); nothing was issued`,
        {
          hint: "on SMMUv3 use dialect 'viommu-arm-smmuv3'; 'unmap' works on every IOMMU",
        },
      );
    }
    this.#session = session;
    this.#device = device;
    this.#parent = session.nestingParent(device.id);
    // Two pages hold one whole aligned page, zeroed: a page table without a present entry, so that the
    // device, should it do DMA, reaches nothing.
    this.#table = new PinnedMemory(2 * PAGE);
    const memory = Math.ceil(this.#table.address / PAGE) * PAGE;
    mapIoas(session.iommufd, this.#parent.ioas, { iova: TABLE_IOVA, memory, bytes: PAGE });
  }

  get hwpts(): number {
    return new Set(this.#targets.map((target) => target.hwpt)).size;
  }

  /** Makes and attaches what the entries of `steps` name. The first tag takes the device itself. */
  makeFor(steps: StepBatch): void {
    for (let entry = 0; entry < steps.entries; entry++) {
      if ((steps.present[entry] & PRESENT.domainId) === 0) continue;
      const pasid = (steps.present[entry] & PRESENT.pasid) === 0 ? undefined : steps.pasid[entry];
      const domain = steps.domainId[entry];
      if (this.#targets.some((target) => target.domain === domain && target.pasid === pasid))
        continue;
      this.#targets.push({ domain, pasid, hwpt: this.#attached(pasid) });
      this.#memo.clear();
    }
    // Only domain-less entries: they still need one attached HWPT to reach the hardware through.
    if (this.#targets.length === 0)
      this.#targets.push({ domain: 0, pasid: undefined, hwpt: this.#attached(undefined) });
  }

  /** HWPTs that entry `entry` goes to: its own, or every one that its wider scope takes in. */
  targetsOf(steps: StepBatch, entry: number): readonly number[] {
    const present = steps.present[entry];
    const key = `${(present & PRESENT.domainId) === 0 ? '*' : steps.domainId[entry]}/${(present & PRESENT.pasid) === 0 ? '*' : steps.pasid[entry]}`;
    let found = this.#memo.get(key);
    if (found === undefined) {
      const inScope = this.#targets.filter(
        (target) =>
          ((present & PRESENT.domainId) === 0 || target.domain === steps.domainId[entry]) &&
          ((present & PRESENT.pasid) === 0 || target.pasid === steps.pasid[entry]),
      );
      found = [...new Set(inScope.map((target) => target.hwpt))];
      this.#memo.set(key, found);
    }
    return found;
  }

  #attached(pasid: number | undefined): number {
    const first = this.#targets.length === 0;
    try {
      const hwpt = this.#nested(!first);
      this.#session.attach(this.#device, hwpt, first ? undefined : (pasid ?? 0));
      return hwpt;
    } catch (error) {
      if (first || !(error instanceof RefusedCall)) throw error;
      // No PASID on this device: the tag shares the HWPT that is attached, so that every call still
      // reaches the hardware; said in the result's description.
      this.shared++;
      return this.#targets[0].hwpt;
    }
  }

  #nested(forPasid: boolean): number {
    const session = this.#session;
    const data = new PinnedMemory(24);
    data.view.setBigUint64(8, BigInt(TABLE_IOVA), true);
    data.view.setUint32(16, ADDRESS_WIDTH, true);
    return session.own(
      allocHwpt(session.iommufd, {
        what: 'making a nested HWPT',
        device: this.#device.id,
        parent: this.#parent.parent,
        flags: forPasid ? HWPT_PASID : 0,
        dataType: HWPT_DATA_VTD_S1,
        data,
      }),
    );
  }
}
