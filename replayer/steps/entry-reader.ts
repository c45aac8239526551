// What a strategy may ask of an entry, by name. Says in one place which fields must match before two ranges
// may become one.

import { PRESENT } from '../../collector/model/index.ts';

/** The optional fields of an entry, and PRESENT's bit of each. */
const FIELD_BIT = {
  domainId: PRESENT.domainId,
  pasid: PRESENT.pasid,
  sourceId: PRESENT.sourceId,
  range: PRESENT.range,
} as const;

export type EntryField = keyof typeof FIELD_BIT;

/** Entries to be read. Columns mean what the columns of the same name mean in a recording. */
export interface EntryReader {
  readonly entries: number;
  /** Index into KINDS. */
  readonly kind: Uint8Array;
  /** SCOPE bits. */
  readonly scope: Uint8Array;
  /** FLAG bits. */
  readonly flags: Uint16Array;
  /** PRESENT bits; `has` reads them by name. */
  readonly present: Uint8Array;
  /** Valid where `has(i, 'domainId')`. */
  readonly domainId: Uint32Array;
  /** Valid where `has(i, 'pasid')`. */
  readonly pasid: Uint32Array;
  /** Valid where `has(i, 'sourceId')`. */
  readonly sourceId: Uint32Array;
  /** First 4 KiB page and number of pages; valid where `has(i, 'range')`. */
  readonly page: Float64Array;
  readonly pages: Float64Array;
  /** Sequence numbers of the first and last request that the entry stands for. */
  readonly entryFirstSeq: Float64Array;
  readonly entryLastSeq: Float64Array;
  /** 1 where the entry is wider than the union of what its requests asked. */
  readonly widened: Uint8Array;
  /** True where entry `i` has a value in `field`. */
  has(i: number, field: EntryField): boolean;
  /**
   * Two entries may become one range only where their keys are equal: same kind, scope, flags, and the same
   * domain and PASID or none. An entry of another kind keeps its place (a device TLB filled from an IOTLB that
   * is still stale stays wrong); another flag would add a hint or drop one; another domain, PASID or
   * device is another address space or cache. Whether the two touch is the strategy's business, and so is how much of a gap it spans.
   */
  joinKey(i: number): string;
}

/** True where `present` says that the field has a value. */
export function hasField(present: number, field: EntryField): boolean {
  return (present & FIELD_BIT[field]) !== 0;
}

/** The key of entry `i` for `EntryReader.joinKey`. */
export function joinKeyOf(entries: EntryReader, i: number): string {
  const domain = entries.has(i, 'domainId') ? entries.domainId[i] : '-';
  const pasid = entries.has(i, 'pasid') ? entries.pasid[i] : '-';
  const source = entries.has(i, 'sourceId') ? entries.sourceId[i] : '-';
  const { kind, scope, flags, present } = entries;
  return `${kind[i]} ${scope[i]} ${flags[i]} ${present[i]} ${domain} ${pasid} ${source}`;
}
