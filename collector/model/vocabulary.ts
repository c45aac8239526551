// The words of the canonical request: kinds, scope bits, flags. Owns their numeric values in memory and
// in files; they are appended to, never renumbered (see format/CHANGELOG.md).

import { PRESENT } from './columns.ts';

/**
 * What a row is. The index is the dictionary code in files. `barrier` is a wait the guest blocks on. The last
 * four are context rows (format version 3): `map` a range became valid, `access` the IOMMU translated an
 * address for a device, `mark` a named moment, `idle` a CPU had nothing to do.
 */
export const KINDS = [
  'iotlb',
  'device-tlb',
  'pasid-cache',
  'context-cache',
  'interrupt-entry-cache',
  'unmap',
  'barrier',
  'other',
  'map',
  'access',
  'mark',
  'idle',
] as const;

export type Kind = (typeof KINDS)[number];

/** Dictionary codes by name, for code that must not look names up in a loop. */
export const KIND = {
  iotlb: 0,
  deviceTlb: 1,
  pasidCache: 2,
  contextCache: 3,
  interruptEntryCache: 4,
  unmap: 5,
  barrier: 6,
  other: 7,
  map: 8,
  access: 9,
  mark: 10,
  idle: 11,
} as const;

/** True for a row that asks for something: neither a barrier nor a context row. The one place that says so. */
export function isRequest(kind: number): boolean {
  return kind !== KIND.barrier && kind < KIND.map;
}

/** True for rows that count as events and in nothing else: no request, no barrier, in no plan. */
export function isContext(kind: number): boolean {
  return kind >= KIND.map;
}

/** The kinds that are requests, for SQL. */
export const REQUEST_KINDS: readonly Kind[] = KINDS.filter((_, kind) => isRequest(kind));

/** What restricts a request; 0 is the whole domain, or everything when the domain is absent. */
export const SCOPE = { pasid: 1, vaddr: 2 } as const;

/** Request flags. LEAF is a hint: only last-level entries need to go. GLOBAL is VT-d's hint for global pages. */
export const FLAG = {
  noPasid: 1,
  leaf: 2,
  global: 4,
  drainWrites: 8,
  drainReads: 16,
  /** SMMUv3: the range is in granules of 16 or 64 KiB, as the guest's tables are; neither is 4 KiB (spec 4.3). */
  granule16k: 32,
  granule64k: 64,
} as const;

/** Granularity of an `iotlb` row, as `info` counts it (design: by_scope). */
export const GRANULARITIES = ['global', 'domain', 'pasid', 'domain-range', 'pasid-range'] as const;

export type Granularity = (typeof GRANULARITIES)[number];

/** Index into GRANULARITIES from a row's scope bits and present bits. */
export function granularityIndex(scope: number, present: number): number {
  if ((scope & SCOPE.vaddr) !== 0) return (scope & SCOPE.pasid) !== 0 ? 4 : 3;
  if ((scope & SCOPE.pasid) !== 0) return 2;
  return (present & PRESENT.domainId) !== 0 ? 1 : 0;
}

/** Bytes of a page everywhere in this project; ranges are counted in these. */
export const PAGE_BYTES = 4096;

/** A range of this many pages is the whole 64-bit address space (2^64 / 4 KiB). */
export const ALL_PAGES = 2 ** 52;
