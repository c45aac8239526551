// IOMMU_HWPT_INVALIDATE on a vIOMMU with IOMMU_VIOMMU_INVALIDATE_DATA_ARM_SMMUV3: 16-byte SMMUv3 commands
// (spec 2.9, 4.3, 4.6). Rebuilt from the fields, so that joined and captured requests are said alike.

import { ALL_PAGES, FLAG, KIND, PRESENT, RAW_BYTES, SCOPE } from '../../collector/model/index.ts';
import type { EventBatch } from '../../collector/model/index.ts';
import type { StepBatch } from '../steps/step-batch.ts';
import { smmuChunkCount, splitSmmuRange, type SmmuChunk } from '../steps/smmu-split.ts';
import type { Dialect } from './dialect.ts';
import { alignedSpanPages, alignedStart } from '../steps/vtd-span.ts';
import { isRanged } from './ranges.ts';
import { carried, leftOut, refuseBy, widened, type Carries } from './carriage.ts';
import { putPageAddress } from './words.ts';

const DATA_ARM_SMMUV3 = 1;
const COMMAND_BYTES = 16;
/** The driver's block: a sync follows each (CMDQ_BATCH_ENTRIES - 1, spec 2.9). */
export const SMMU_BLOCK = 63;

const OP = {
  cfgiCd: 0x05,
  cfgiCdAll: 0x06,
  nhAll: 0x10,
  nhAsid: 0x11,
  nhVa: 0x12,
  nhVaa: 0x13,
  nsnhAll: 0x30,
  atcInv: 0x40,
} as const;
const TG_SHIFT = 10;
/** ATC_INV: bits of qw0, and the Size that means everything (spec 4.4). */
const ATC_GLOBAL = 1 << 9;
const ATC_SSV = 1 << 11;
const ATC_EVERYTHING = 52;
const SSID_SHIFT = 12;
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

const carries: Carries = {
  iotlb: widened(
    'TLBI commands; a range that NUM and SCALE cannot say becomes all of its ASID or VMID',
  ),
  'device-tlb': widened('ATC_INV, as one aligned power of two of pages; needs the StreamID'),
  'pasid-cache': carried(
    'CFGI_CD and CFGI_CD_ALL; needs the words, a log does not tell them apart',
  ),
  'context-cache': leftOut(
    'CFGI_STE: the host answers EIO, the VMM replaces the nested table instead',
  ),
  'interrupt-entry-cache': leftOut('an SMMUv3 remaps no interrupts'),
  unmap: leftOut("mappings of a shadowed table: needs dialect 'unmap'"),
  other: leftOut('not a command that the host takes'),
};

const refuseKind = refuseBy(carries);

/** Why row `row` cannot be said to the host; undefined where it can. */
function refuse(batch: EventBatch, row: number): string | undefined {
  const kind = batch.kind[row];
  const hasSource = (batch.present[row] & PRESENT.sourceId) !== 0;
  if (kind === KIND.deviceTlb && !hasSource) return 'device-tlb: the source shows no StreamID';
  if (kind === KIND.pasidCache) {
    const isKnown = batch.rawLen[row] === COMMAND_BYTES && hasSource;
    const opcode = isKnown ? batch.raw[row * RAW_BYTES] : 0;
    if (opcode !== OP.cfgiCd && opcode !== OP.cfgiCdAll)
      return 'pasid-cache: the source shows no words of a CFGI_CD, so its SSID is not known';
  }
  return refuseKind(batch, row) ?? (kind === KIND.iotlb ? refuseRaw(batch, row) : undefined);
}

/**
 * Why the host would answer EIO to a captured TLBI; undefined where it takes it. The words may be another
 * vendor's: only what can be an SMMUv3 command is refused.
 */
function refuseRaw(batch: EventBatch, row: number): string | undefined {
  if (batch.rawLen[row] !== COMMAND_BYTES) return undefined;
  const opcode = batch.raw[row * RAW_BYTES];
  const isEl2 = opcode >= EL2_FIRST && opcode <= EL2_LAST;
  // EL2 commands name no VMID; the VT-d descriptors with the same low byte always name a domain.
  if (isEl2 && (batch.present[row] & PRESENT.domainId) === 0) return refusedOpcode(opcode);
  return STAGE_2.some((each) => each === opcode) ? refusedOpcode(opcode) : undefined;
}

function refusedOpcode(opcode: number): string {
  return `iotlb: the host answers EIO to command 0x${opcode.toString(16)}`;
}

/** The TG field for the granule of the guest's tables (spec 4.3): 1, 2, 3 for 4, 16, 64 KiB. */
function granuleField(steps: StepBatch, entry: number): number {
  const flags = steps.flags[entry];
  if ((flags & FLAG.granule64k) !== 0) return 3;
  return (flags & FLAG.granule16k) !== 0 ? 2 : 1;
}

/** The range in granules of the guest's tables, rounded outwards: a smaller TG would miss their entries. */
function granulesOf(
  steps: StepBatch,
  entry: number,
): {
  readonly field: number;
  readonly pages: number;
  readonly first: number;
  readonly count: number;
} {
  const field = granuleField(steps, entry);
  const pages = 4 ** (field - 1);
  const first = Math.floor(steps.page[entry] / pages);
  const end = Math.ceil((steps.page[entry] + steps.pages[entry]) / pages);
  return { field, pages, first, count: end - first };
}

/** Whether NUM and SCALE can say the range of an entry; else it becomes everything. */
function isSayable(steps: StepBatch, entry: number): boolean {
  const pages = steps.pages[entry];
  if (pages >= ALL_PAGES || steps.page[entry] + pages > ALL_PAGES) return false;
  return pages < SURELY_SAYABLE || chunksOf(steps, entry).every((chunk) => chunk.num <= MOST_NUM);
}

/**
 * The commands of a range, in granules. Exact, as for a leaf: a single one goes without TG, so no reserved
 * combination can appear.
 */
function chunksOf(steps: StepBatch, entry: number): readonly SmmuChunk[] {
  const { first, count } = granulesOf(steps, entry);
  return splitSmmuRange(first, count, true).map(withinScale);
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
  granule: { readonly field: number; readonly pages: number },
): void {
  // TG 0 is one address with NUM, SCALE and TTL 0; TG with all of them 0 is reserved (spec 4.3). TTL stays
  // 0: which level the leaf is on was not recorded, and "unknown" is the wide answer.
  const tg = chunk.pages === 1 ? 0 : granule.field << TG_SHIFT;
  putHead(out, at, how.opcode | (chunk.num << 12) | (chunk.scale << 20), how.tags);
  putPageAddress(out, at + 8, chunk.page * granule.pages, how.leaf | tg);
}

/** ATC_INV says one aligned power of two of pages, or everything. */
function atcSpan(steps: StepBatch, entry: number): number {
  if (!isRanged(steps, entry)) return ALL_PAGES;
  return alignedSpanPages(steps.page[entry], steps.pages[entry]);
}

function putAtcInv(steps: StepBatch, entry: number, out: DataView, at: number): void {
  const hasSsid = steps.has(entry, 'pasid');
  const ssid = hasSsid ? ATC_SSV | ((steps.pasid[entry] & 0xfffff) << SSID_SHIFT) : 0;
  const global = (steps.flags[entry] & FLAG.global) === 0 ? 0 : ATC_GLOBAL;
  putHead(out, at, (OP.atcInv | global | ssid) >>> 0, steps.sourceId[entry]);
  const span = atcSpan(steps, entry);
  if (span >= ALL_PAGES) putPageAddress(out, at + 8, 0, ATC_EVERYTHING);
  else putPageAddress(out, at + 8, alignedStart(steps.page[entry], span), Math.log2(span));
}

/** Without its leaf hint, which the rows do not keep: that drops more than the guest asked, never less. */
function putCfgiCd(steps: StepBatch, entry: number, out: DataView, at: number): void {
  const low = steps.has(entry, 'pasid')
    ? OP.cfgiCd | ((steps.pasid[entry] & 0xfffff) << SSID_SHIFT)
    : OP.cfgiCdAll;
  putHead(out, at, low >>> 0, steps.sourceId[entry]);
  putHead(out, at + 8, 0, 0);
}

function widens(steps: StepBatch, entry: number): boolean {
  if (!isRanged(steps, entry) || steps.pages[entry] >= ALL_PAGES) return false;
  if (steps.kind[entry] === KIND.deviceTlb) return atcSpan(steps, entry) > steps.pages[entry];
  if (!isSayable(steps, entry)) return true;
  const { count, pages } = granulesOf(steps, entry);
  return count * pages > steps.pages[entry];
}

function tlbiCommands(steps: StepBatch, entry: number): number {
  if (steps.kind[entry] !== KIND.iotlb) return 1;
  if (!isRanged(steps, entry) || !isSayable(steps, entry)) return 1;
  return smmuChunkCount(granulesOf(steps, entry).count);
}

export const viommuArmSmmuv3: Dialect = {
  name: 'viommu-arm-smmuv3',
  summary: 'iommufd IOMMU_HWPT_INVALIDATE on a vIOMMU, SMMUv3 commands',
  defaultFor: ['smmuv3'],
  families: ['smmuv3'],
  carries,
  form: { kind: 'array', dataType: DATA_ARM_SMMUV3 },
  serves: 'viommu',
  entryBytes: COMMAND_BYTES,
  readsWords: true,
  refuse,
  hardwareWaits: (commands) => Math.ceil(commands / SMMU_BLOCK),
  hardwarePages: (_page, pages) => pages,
  commandsOf: tlbiCommands,
  widens,
  encode(steps, entry, out, at) {
    if (steps.kind[entry] === KIND.deviceTlb) return putAtcInv(steps, entry, out, at);
    if (steps.kind[entry] === KIND.pasidCache) return putCfgiCd(steps, entry, out, at);
    const hasVmid = (steps.present[entry] & PRESENT.domainId) !== 0;
    const vmid = hasVmid ? steps.domainId[entry] & 0xffff : 0;
    const byAsid = (steps.scope[entry] & SCOPE.pasid) !== 0;
    const tags = (byAsid ? ((steps.pasid[entry] & 0xffff) << 16) | vmid : vmid) >>> 0;
    const ranged = isRanged(steps, entry);
    if (ranged && isSayable(steps, entry)) {
      const leaf = (steps.flags[entry] & FLAG.leaf) === 0 ? 0 : LEAF;
      const how = { opcode: byAsid ? OP.nhVa : OP.nhVaa, tags, leaf };
      const granule = granulesOf(steps, entry);
      chunksOf(steps, entry).forEach((chunk, i) =>
        putChunk(out, at + i * COMMAND_BYTES, how, chunk, granule),
      );
      return;
    }
    if (byAsid) putHead(out, at, OP.nhAsid, tags);
    else if (hasVmid) putHead(out, at, OP.nhAll, tags);
    else putHead(out, at, OP.nsnhAll, 0); // every other bit must be zero (spec 4.6)
    putHead(out, at + 8, 0, 0);
  },
};
