// The Arrow schema of a recording. Owns column names, types, units and descriptions.
// Changes go into CHANGELOG.md beside this file; a column is added, never reused.

import {
  DataType,
  Dictionary,
  Field,
  FixedSizeBinary,
  Int16,
  Int64,
  Int8,
  Schema,
  Uint16,
  Uint32,
  Uint64,
  Uint8,
  Utf8,
  vectorFromArray,
} from 'apache-arrow';

import { KINDS, RAW_BYTES } from '../model/index.ts';

/** Schema metadata keys: the header as JSON, and its CRC-32 in hex. */
export const HEADER_KEY = 'iotlb.header';
export const HEADER_CRC_KEY = 'iotlb.header_crc32';

/** The words of the `kind` column, in code order. */
export const kindDictionary = vectorFromArray([...KINDS], new Utf8());

const kindType = new Dictionary(new Utf8(), new Int8(), 0, false);

interface ColumnSpec {
  readonly name: string;
  readonly type: DataType;
  readonly nullable?: boolean;
  readonly unit: string;
  readonly description: string;
}

const COLUMNS: readonly ColumnSpec[] = [
  { name: 'seq', type: new Uint64(), unit: '1', description: 'dense from 0, capture order' },
  { name: 't_ns', type: new Int64(), unit: 'ns', description: "offset from the recording's start" },
  { name: 'stream', type: new Uint16(), unit: 'id', description: 'ordered queue it came through' },
  { name: 'kind', type: kindType, unit: 'name', description: 'what the row is' },
  {
    name: 'scope',
    type: new Uint8(),
    unit: 'bits',
    description: 'bit 0 PASID restricts, bit 1 VADDR restricts',
  },
  {
    name: 'flags',
    type: new Uint16(),
    unit: 'bits',
    description: 'bit 0 NO_PASID, 1 LEAF, 2 GLOBAL, 3 drain writes, 4 drain reads',
  },
  {
    name: 'domain_id',
    type: new Uint32(),
    nullable: true,
    unit: 'id',
    description: 'VT-d DID, SMMU VMID, virtio-iommu domain',
  },
  {
    name: 'pasid',
    type: new Uint32(),
    nullable: true,
    unit: 'id',
    description: 'PASID, or the ASID on SMMUv3',
  },
  {
    name: 'source_id',
    type: new Uint32(),
    nullable: true,
    unit: 'id',
    description: 'PCI requester ID or StreamID',
  },
  {
    name: 'addr',
    type: new Uint64(),
    nullable: true,
    unit: 'bytes',
    description: 'start of the range',
  },
  {
    name: 'size',
    type: new Uint64(),
    nullable: true,
    unit: 'bytes',
    description: 'length of the range; 2^64-1 is the whole address space',
  },
  {
    name: 'raw',
    type: new FixedSizeBinary(RAW_BYTES),
    unit: 'bytes',
    description: 'the words as the guest wrote them, little-endian, zero padded',
  },
  { name: 'raw_len', type: new Uint8(), unit: 'bytes', description: 'valid bytes of raw' },
  {
    name: 'submission',
    type: new Uint32(),
    unit: 'count',
    description: 'doorbell that made it visible, from 1; 0 where the source shows none',
  },
  { name: 'cpu', type: new Int16(), nullable: true, unit: 'id', description: 'guest CPU' },
];

/** Column order in every batch. */
export const COLUMN_NAMES: readonly string[] = COLUMNS.map((column) => column.name);

/** Rows of a compressed batch at most, so that what a file may expand to is known before it does. */
export const COMPRESSED_ROWS_LIMIT = 131_072;

/** Bytes a row of each column takes, in column order. */
export const COLUMN_WIDTHS: readonly number[] = COLUMNS.map(({ type }) => widthOf(type));

/** Bytes that a row takes uncompressed, without the bits that say what is null. */
export const ROW_BYTES = COLUMN_WIDTHS.reduce((sum, width) => sum + width, 0);

function widthOf(type: DataType): number {
  if (type instanceof FixedSizeBinary) return type.byteWidth;
  if (DataType.isInt(type)) return type.bitWidth / 8;
  if (DataType.isDictionary(type)) return widthOf(type.indices);
  throw new Error(`a column of type id ${type.typeId} has no fixed width`);
}

/** The Arrow schema that carries `header` (JSON text) and its checksum as metadata. */
export function traceSchema(headerText: string, headerCrc: string): Schema {
  const fields = COLUMNS.map(
    (column) =>
      new Field(
        column.name,
        column.type,
        column.nullable ?? false,
        new Map([
          ['unit', column.unit],
          ['description', column.description],
        ]),
      ),
  );
  return new Schema(
    fields,
    new Map([
      [HEADER_KEY, headerText],
      [HEADER_CRC_KEY, headerCrc],
    ]),
  );
}
