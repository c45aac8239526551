// IOMMU_HWPT_INVALIDATE on a vIOMMU with IOMMU_VIOMMU_INVALIDATE_DATA_ARM_SMMUV3: 16-byte SMMUv3 commands
// (spec 2.9, 4.3, 4.6). Rebuilt from the fields, so that joined and captured requests are said alike.

import { ALL_PAGES, FLAG, PRESENT, RAW_BYTES, SCOPE } from '../../collector/model/index.ts';
import type { EventBatch } from '../../collector/model/index.ts';
import type { StepBatch } from '../steps/step-batch.ts';
import { smmuChunkCount, splitSmmuRange, type SmmuChunk } from '../steps/smmu-split.ts';
import type { Dialect } from './dialect.ts';
import { isRanged } from './ranges.ts';
import { refuseUnlessIotlb } from './refusals.ts';
import { putPageAddress } from './words.ts';

const DATA_ARM_SMMUV3 = 1;
const COMMAND_BYTES = 16;
/** The driver's block: a sync follows each (CMDQ_BATCH_ENTRIES - 1, spec 2.9). */
export const SMMU_BLOCK = 63;

const OP = { nhAll: 0x10, nhAsid: 0x11, nhVa: 0x12, nhVaa: 0x13, nsnhAll: 0x30 } as const;
const TG_4K = 1 << 10;
const LEAF = 1;
/** SCALE has five bits; a sixth needs SMMU_IDR5.DS (spec 4.3). */
const MOST_SCALE = 31;
const MOST_NUM = 31;
/** Fewer pages than that need no SCALE above the most. */
const SURELY_SAYABLE = 2 ** (MOST_SCALE + 1);

/** TLBI commands of an SMMUv3 that the host's driver does not take for a guest (spec 4.6). */
const EL2_FIRST = 0x20;
const EL2_LAST = 0x23;
const STAGE_2 = [0x28, 0x2a] as const;

/**
 * Why the host would answer EIO to a captured command; undefined where it takes it. The words may be
 * another vendor's: only what can be an SMMUv3 command is refused.
 */
function refuseRaw(batch: EventBatch, row: number): string | undefined {
  if (batch.rawLen[row] !== COMMAND_BYTES) return undefined;
  const at = row * RAW_BYTES;
  const opcode = batch.raw[at];
  const isEl2 = opcode >= EL2_FIRST && opcode <= EL2_LAST;
  // EL2 commands name no VMID; the VT-d descriptors with the same low byte always name a domain.
  if (isEl2 && (batch.present[row] & PRESENT.domainId) === 0) return refusedOpcode(opcode);
  if (STAGE_2.some((each) => each === opcode)) return refusedOpcode(opcode);
  if (opcode !== OP.nhVa && opcode !== OP.nhVaa) return undefined;
  // The plan counts in 4 KiB pages: a TG that no longer fits the guest's tables would miss them.
  const granule = (batch.raw[at + 9] >> 2) & 3;
  return granule > 1 ? 'iotlb: a range in granules of 16 or 64 KiB is not rebuilt' : undefined;
}

function refusedOpcode(opcode: number): string {
  return `iotlb: the host answers EIO to command 0x${opcode.toString(16)}`;
}

/** Whether NUM and SCALE can say the range of an entry; else it becomes everything. */
function isSayable(steps: StepBatch, entry: number): boolean {
  const pages = steps.pages[entry];
  if (pages >= ALL_PAGES || steps.page[entry] + pages > ALL_PAGES) return false;
  return pages < SURELY_SAYABLE || chunksOf(steps, entry).every((chunk) => chunk.num <= MOST_NUM);
}

/**
 * The commands of a range. Exact, as for a leaf: a single page goes without a granule, so no reserved
 * combination can appear.
 */
function chunksOf(steps: StepBatch, entry: number): readonly SmmuChunk[] {
  return splitSmmuRange(steps.page[entry], steps.pages[entry], true).map(withinScale);
}

/** The same range with a SCALE that five bits hold; NUM may then be too large. */
function withinScale(chunk: SmmuChunk): SmmuChunk {
  if (chunk.scale <= MOST_SCALE) return chunk;
  const num = (chunk.num + 1) * 2 ** (chunk.scale - MOST_SCALE) - 1;
  return { ...chunk, num, scale: MOST_SCALE };
}

/** qw0: opcode and range fields in the low half, VMID and ASID in the high one. */
function putHead(out: DataView, at: number, low: number, tags: number): void {
  out.setUint32(at, low, true);
  out.setUint32(at + 4, tags, true);
}

function putChunk(
  out: DataView,
  at: number,
  how: { readonly opcode: number; readonly tags: number; readonly leaf: number },
  chunk: SmmuChunk,
): void {
  // TG 0 is one address with NUM, SCALE and TTL 0; TG with all of them 0 is reserved (spec 4.3). TTL stays
  // 0: which level the leaf is on was not recorded, and "unknown" is the wide answer.
  const single = chunk.pages === 1;
  putHead(out, at, how.opcode | (chunk.num << 12) | (chunk.scale << 20), how.tags);
  putPageAddress(out, at + 8, chunk.page, how.leaf | (single ? 0 : TG_4K));
}

export const viommuArmSmmuv3: Dialect = {
  name: 'viommu-arm-smmuv3',
  summary: 'iommufd IOMMU_HWPT_INVALIDATE on a vIOMMU, SMMUv3 commands',
  families: ['smmuv3'],
  form: { kind: 'array', dataType: DATA_ARM_SMMUV3 },
  serves: 'viommu',
  entryBytes: COMMAND_BYTES,
  readsWords: true,
  refuse: (batch, row) => refuseUnlessIotlb(batch, row) ?? refuseRaw(batch, row),
  hardwareWaits: (commands) => Math.ceil(commands / SMMU_BLOCK),
  hardwarePages: (_page, pages) => pages,
  commandsOf: (steps, entry) =>
    isRanged(steps, entry) && isSayable(steps, entry) ? smmuChunkCount(steps.pages[entry]) : 1,
  widens: (steps, entry) =>
    isRanged(steps, entry) && steps.pages[entry] < ALL_PAGES && !isSayable(steps, entry),
  encode(steps, entry, out, at) {
    const hasVmid = (steps.present[entry] & PRESENT.domainId) !== 0;
    const vmid = hasVmid ? steps.domainId[entry] & 0xffff : 0;
    const byAsid = (steps.scope[entry] & SCOPE.pasid) !== 0;
    const tags = (byAsid ? ((steps.pasid[entry] & 0xffff) << 16) | vmid : vmid) >>> 0;
    const ranged = isRanged(steps, entry);
    if (ranged && isSayable(steps, entry)) {
      const leaf = (steps.flags[entry] & FLAG.leaf) === 0 ? 0 : LEAF;
      const how = { opcode: byAsid ? OP.nhVa : OP.nhVaa, tags, leaf };
      chunksOf(steps, entry).forEach((chunk, i) =>
        putChunk(out, at + i * COMMAND_BYTES, how, chunk),
      );
      return;
    }
    if (byAsid) putHead(out, at, OP.nhAsid, tags);
    else if (hasVmid) putHead(out, at, OP.nhAll, tags);
    else putHead(out, at, OP.nsnhAll, 0); // every other bit must be zero (spec 4.6)
    putHead(out, at + 8, 0, 0);
  },
};
