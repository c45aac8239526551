// The columns of a recording, in one table: what they are called in files, in memory and in SQL, what they
// hold, and since which version of the format. Builder, slices, copies, Arrow in both directions and the SQL
// table follow from it; a new column is one entry here. Files keep the order of the table.

/**
 * Newest version of the format. It grows when a column is added and when the header changes; each version is
 * described in format/CHANGELOG.md.
 */
export const FORMAT_VERSION = 3;

/** Bits of a row's `present`: which of its optional columns hold a value. */
export const PRESENT = {
  domainId: 1,
  pasid: 2,
  sourceId: 4,
  range: 8,
  cpu: 16,
  waiter: 32,
  entered: 64,
  waitBegin: 128,
  waitEnd: 256,
} as const;

/** The bits that say what a row asks for; the others say who asked, where and when. */
export const ASKED = PRESENT.domainId | PRESENT.pasid | PRESENT.sourceId | PRESENT.range;

/** Room for a row's raw words: a 256-bit descriptor. */
export const RAW_BYTES = 32;

/**
 * How a column's values look in memory (`array`, `perRow` elements for each row) and in a file (`bytes` for
 * each row; `sql` is the type that the engine sees). Where the two differ, format/ converts.
 */
export const COLUMN_TYPES = {
  uint8: { array: Uint8Array, perRow: 1, bytes: 1, sql: 'UInt8' },
  uint16: { array: Uint16Array, perRow: 1, bytes: 2, sql: 'UInt16' },
  uint32: { array: Uint32Array, perRow: 1, bytes: 4, sql: 'UInt32' },
  int16: { array: Int16Array, perRow: 1, bytes: 2, sql: 'Int16' },
  /** Dense numbers from 0: they follow from a row's place and are not kept in memory. */
  sequence: { array: undefined, perRow: 0, bytes: 8, sql: 'UInt64' },
  /** Time in ns: a double in memory (exact below 2^53), an int64 in files. */
  ns: { array: Float64Array, perRow: 1, bytes: 8, sql: 'Int64' },
  /** First 4 KiB page of a range; its first byte, uint64, in files. */
  firstPage: { array: Float64Array, perRow: 1, bytes: 8, sql: 'UInt64' },
  /** Pages of a range, ALL_PAGES for the whole address space; bytes, uint64, 2^64-1 for all, in files. */
  pageCount: { array: Float64Array, perRow: 1, bytes: 8, sql: 'UInt64' },
  /** Index into KINDS; a dictionary in files. */
  kind: { array: Uint8Array, perRow: 1, bytes: 1, sql: 'LowCardinality(String)' },
  /** The words as the guest wrote them; RAW_BYTES for each row, `raw_len` of them valid. */
  words: { array: Uint8Array, perRow: RAW_BYTES, bytes: RAW_BYTES, sql: 'FixedString(32)' },
} as const;

export type ColumnType = keyof typeof COLUMN_TYPES;

export interface Column {
  /** Name in files and in SQL. */
  readonly name: string;
  /** Name of its array in an EventBatch; undefined for what is not kept in memory. */
  readonly field?: string;
  readonly type: ColumnType;
  /** Set where a row may have no value: the PRESENT bit that says that it has one. */
  readonly present?: number;
  readonly unit: string;
  readonly description: string;
  /** Version of the format that it came with. */
  readonly since: number;
  /** False where it is not loaded into the SQL table `events`. */
  readonly inStore?: false;
}

const COLUMNS = [
  {
    name: 'seq',
    type: 'sequence',
    unit: '1',
    description: 'dense from 0, capture order',
    since: 1,
  },
  {
    name: 't_ns',
    field: 'tNs',
    type: 'ns',
    unit: 'ns',
    description: "offset from the recording's start",
    since: 1,
  },
  {
    name: 'stream',
    field: 'stream',
    type: 'uint16',
    unit: 'id',
    description: 'ordered queue it came through',
    since: 1,
  },
  {
    name: 'kind',
    field: 'kind',
    type: 'kind',
    unit: 'name',
    description: 'what the row is',
    since: 1,
  },
  {
    name: 'scope',
    field: 'scope',
    type: 'uint8',
    unit: 'bits',
    description: 'bit 0 PASID restricts, bit 1 VADDR restricts',
    since: 1,
  },
  {
    name: 'flags',
    field: 'flags',
    type: 'uint16',
    unit: 'bits',
    description: 'bit 0 NO_PASID, 1 LEAF, 2 GLOBAL, 3 drain writes, 4 drain reads',
    since: 1,
  },
  {
    name: 'domain_id',
    field: 'domainId',
    type: 'uint32',
    present: PRESENT.domainId,
    unit: 'id',
    description: 'VT-d DID, SMMU VMID, virtio-iommu domain',
    since: 1,
  },
  {
    name: 'pasid',
    field: 'pasid',
    type: 'uint32',
    present: PRESENT.pasid,
    unit: 'id',
    description: 'PASID, or the ASID on SMMUv3',
    since: 1,
  },
  {
    name: 'source_id',
    field: 'sourceId',
    type: 'uint32',
    present: PRESENT.sourceId,
    unit: 'id',
    description: 'PCI requester ID or StreamID',
    since: 1,
  },
  {
    name: 'addr',
    field: 'page',
    type: 'firstPage',
    present: PRESENT.range,
    unit: 'bytes',
    description: 'start of the range',
    since: 1,
  },
  {
    name: 'size',
    field: 'pages',
    type: 'pageCount',
    present: PRESENT.range,
    unit: 'bytes',
    description: 'length of the range; 2^64-1 is the whole address space',
    since: 1,
  },
  {
    name: 'raw',
    field: 'raw',
    type: 'words',
    unit: 'bytes',
    description: 'the words as the guest wrote them, little-endian, zero padded',
    since: 1,
    inStore: false,
  },
  {
    name: 'raw_len',
    field: 'rawLen',
    type: 'uint8',
    unit: 'bytes',
    description: 'valid bytes of raw',
    since: 1,
    inStore: false,
  },
  {
    name: 'submission',
    field: 'submission',
    type: 'uint32',
    unit: 'count',
    description: 'doorbell that made it visible, from 1; 0 where the source shows none',
    since: 1,
  },
  {
    name: 'cpu',
    field: 'cpu',
    type: 'int16',
    present: PRESENT.cpu,
    unit: 'id',
    description: 'guest CPU',
    since: 1,
    inStore: false,
  },
  {
    name: 'waiter',
    field: 'waiter',
    type: 'uint16',
    present: PRESENT.waiter,
    unit: 'id',
    description: 'who stands still until its barrier is released; names in the header',
    since: 3,
  },
  {
    name: 'entered_ns',
    field: 'enteredNs',
    type: 'ns',
    present: PRESENT.entered,
    unit: 'ns',
    description: "when the guest's CPU entered its flush, from the recording's start",
    since: 3,
  },
  {
    name: 'wait_begin_ns',
    field: 'waitBeginNs',
    type: 'ns',
    present: PRESENT.waitBegin,
    unit: 'ns',
    description: "when the guest's CPU began to wait, from the recording's start",
    since: 3,
  },
  {
    name: 'wait_end_ns',
    field: 'waitEndNs',
    type: 'ns',
    present: PRESENT.waitEnd,
    unit: 'ns',
    description: "when the guest's CPU was let go, from the recording's start",
    since: 3,
  },
] as const satisfies readonly Column[];

interface Arrays {
  readonly uint8: Uint8Array;
  readonly uint16: Uint16Array;
  readonly uint32: Uint32Array;
  readonly int16: Int16Array;
  readonly ns: Float64Array;
  readonly firstPage: Float64Array;
  readonly pageCount: Float64Array;
  readonly kind: Uint8Array;
  readonly words: Uint8Array;
}

type InMemory = Extract<(typeof COLUMNS)[number], { readonly field: string }>;

/** Name of a column's array in an EventBatch. */
export type ColumnField = InMemory['field'];

/** The arrays of an EventBatch by name, as the table has them. */
export type ColumnArrays = { readonly [C in InMemory as C['field']]: Arrays[C['type']] };

/** Any of the arrays. */
export type ColumnArray = Arrays[keyof Arrays];

/** A column that is kept in memory, for code that goes through all of them. */
export interface MemoryColumn extends Column {
  readonly field: ColumnField;
  readonly type: keyof Arrays;
}

/** Every column of the newest version, in the order of files. */
export const ALL_COLUMNS: readonly Column[] = COLUMNS;

export const MEMORY_COLUMNS: readonly MemoryColumn[] = COLUMNS.filter(
  (column): column is InMemory => 'field' in column,
);

/** The columns that files of `version` have. */
export function columnsOf(version: number): readonly Column[] {
  return ALL_COLUMNS.filter((column) => column.since <= version);
}
