// What Linux 7.3 makes of the bytes an ioctl is given, as rows on the hardware: written from the spec
// (2.8, 2.9, 4.6, 7.2, 7.3) and sharing nothing with the dialects that made the bytes.

import { ALL_PAGES, FLAG } from '../../collector/model/index.ts';
import { type HardwareRow, ONE_DOMAIN } from './circle.ts';
import { DEVICES } from './machine.ts';

const BARRIER: HardwareRow = { kind: 'barrier', flags: 0 };
const MAX = 0xffff_ffff_ffff_ffffn;

/**
 * The smallest naturally aligned power of two of pages that holds both ends (spec 7.2).
 * A result of 64 bits is everything.
 */
export function alignedSpan(
  start: bigint,
  last: bigint,
): { readonly page: number; readonly pages: number } {
  const first = start & ~0xfffn;
  const differing = first ^ last;
  const bits = differing === 0n ? 0 : differing.toString(2).length;
  if (bits <= 12) return { page: Number(first >> 12n), pages: 1 };
  if (bits >= 64) return { page: 0, pages: ALL_PAGES };
  const page = ((first >> BigInt(bits)) << BigInt(bits)) >> 12n;
  return { page: Number(page), pages: 2 ** (bits - 12) };
}

const VTD_ENTRY_BYTES = 24;

/** `hwpt-vtd-s1`: every entry is a PASID-IOTLB descriptor and a wait of its own (spec 2.8). */
export function vtdNestedRows(entries: Uint8Array): readonly HardwareRow[] {
  const view = new DataView(entries.buffer, entries.byteOffset, entries.byteLength);
  const rows: HardwareRow[] = [];
  for (let at = 0; at < entries.byteLength; at += VTD_ENTRY_BYTES) {
    const addr = view.getBigUint64(at, true);
    const npages = view.getBigUint64(at + 8, true);
    const leaf = (view.getUint32(at + 16, true) & 1) === 0 ? 0 : FLAG.leaf;
    const last = npages === MAX ? MAX : addr + npages * 4096n - 1n;
    const span = alignedSpan(addr, last);
    const whole: HardwareRow = { kind: 'iotlb', flags: 0, domain: ONE_DOMAIN, pasid: 0 };
    rows.push(span.pages >= ALL_PAGES ? whole : { ...whole, flags: leaf, ...span }, BARRIER);
  }
  return rows;
}

/** A domain's range or whole through type1 on VT-d: one IOTLB descriptor that drains, one wait. */
export function vtdDomainRows(
  range: { readonly start: bigint; readonly last: bigint; readonly leaf: boolean } | undefined,
): readonly HardwareRow[] {
  const drain = FLAG.drainReads | FLAG.drainWrites;
  const whole: HardwareRow = { kind: 'iotlb', flags: drain, domain: ONE_DOMAIN };
  if (range === undefined) return [whole, BARRIER];
  const span = alignedSpan(range.start, range.last);
  // Past CAP.MAMV (18 on QEMU's VT-d) a page-selective descriptor cannot say it: the domain goes.
  if (span.pages > 2 ** 18) return [whole, BARRIER];
  return [{ ...whole, flags: drain | (range.leaf ? FLAG.leaf : 0), ...span }, BARRIER];
}

/** The StreamID of the device that the guests replay through: its bus, device and function. */
const ONE_STREAM_ID = Number.parseInt(DEVICES[0].slice(8, 10), 16) << 3;

/** Commands of one block of the SMMUv3 driver; a sync follows each block (spec 2.9). */
const SMMU_BLOCK = 63;
const SMMU_ENTRY_BYTES = 16;

interface SmmuCommand {
  readonly opcode: number;
  readonly q0: bigint;
  readonly q1: bigint;
}

function smmuCommands(entries: Uint8Array): readonly SmmuCommand[] {
  const view = new DataView(entries.buffer, entries.byteOffset, entries.byteLength);
  const commands: SmmuCommand[] = [];
  for (let at = 0; at < entries.byteLength; at += SMMU_ENTRY_BYTES) {
    const q0 = view.getBigUint64(at, true);
    commands.push({ opcode: Number(q0 & 0xffn), q0, q1: view.getBigUint64(at + 8, true) });
  }
  return commands;
}

const field = (word: bigint, low: number, bits: number): number =>
  Number((word >> BigInt(low)) & ((1n << BigInt(bits)) - 1n));

/** Pages of 4 KiB that a TLBI by address names: one, or (NUM + 1) << SCALE granules with range. */
function tlbiPages(command: SmmuCommand): number {
  const granule = field(command.q1, 10, 2);
  if (granule === 0) return 1;
  const granulePages = [0, 1, 4, 16][granule];
  return (field(command.q0, 12, 5) + 1) * 2 ** field(command.q0, 20, 5) * granulePages;
}

/** One guest command as the host issues it: the host's VMID in place of the guest's. */
function smmuRow(command: SmmuCommand): HardwareRow {
  const tlb: HardwareRow = { kind: 'iotlb', flags: 0, domain: ONE_DOMAIN };
  const range = {
    page: Number((command.q1 & 0xffff_ffff_ffff_f000n) >> 12n),
    pages: tlbiPages(command),
  };
  const leaf = (command.q1 & 1n) === 0n ? 0 : FLAG.leaf;
  switch (command.opcode) {
    case 0x10: // NH_ALL
    case 0x30: // NSNH_ALL becomes NH_ALL
      return tlb;
    case 0x11: // NH_ASID
      return { ...tlb, pasid: field(command.q0, 48, 16) };
    case 0x12: // NH_VA
      return { ...tlb, flags: leaf, pasid: field(command.q0, 48, 16), ...range };
    case 0x13: // NH_VAA
      return { ...tlb, flags: leaf, ...range };
    case 0x05:
    case 0x06: // CFGI_CD, CFGI_CD_ALL
      return { kind: 'pasid-cache', flags: 0, source: ONE_STREAM_ID };
    default:
      throw new Error(`the host takes no command 0x${command.opcode.toString(16)}`);
  }
}

/** `viommu-arm-smmuv3`, one call: its commands with a sync after every 63 and at the end (spec 2.9). */
export function smmuNestedRows(entries: Uint8Array): readonly HardwareRow[] {
  const commands = smmuCommands(entries);
  return commands.flatMap((command, index) => {
    const ends = (index + 1) % SMMU_BLOCK === 0 || index + 1 === commands.length;
    return ends ? [smmuRow(command), BARRIER] : [smmuRow(command)];
  });
}

/** On virtio-iommu an unmap is a request a mapping, in order, each returned before the next. */
export const virtioUnmapRows = (page: number, pages: number): readonly HardwareRow[] => [
  { kind: 'unmap', flags: 0, domain: ONE_DOMAIN, page, pages },
  BARRIER,
];

const rangeEnd = (row: HardwareRow): number => (row.page ?? 0) + (row.pages ?? 0);

/**
 * Joins the requests of one unmap. Linux keeps a mapping as it was made, and it is made along the borders
 * of the physical memory: so the pieces are not foreseeable, but they must tile the range in order.
 */
export function joinTiles(
  seen: readonly HardwareRow[],
  expected: readonly HardwareRow[],
): readonly HardwareRow[] {
  const whole = expected.filter((row) => row.kind === 'unmap').map(rangeEnd);
  const out: HardwareRow[] = [];
  let done = 0;
  for (const row of seen) {
    const open = out.at(-2);
    const goesOn =
      row.kind === 'unmap' &&
      open?.kind === 'unmap' &&
      rangeEnd(open) === row.page &&
      rangeEnd(open) !== whole[done];
    if (goesOn) {
      // The barrier between the two pieces is the return of the first, not of the unmap.
      out.splice(-2, 2, { ...open, pages: (open.pages ?? 0) + (row.pages ?? 0) });
      continue;
    }
    if (row.kind === 'unmap' && open?.kind === 'unmap') done++;
    out.push(row);
  }
  return out;
}
