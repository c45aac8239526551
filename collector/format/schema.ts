// The Arrow schema of a recording, from the table of columns. Changes go into CHANGELOG.md beside this file.

import {
  type DataType,
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

import {
  ALL_COLUMNS,
  COLUMN_TYPES,
  KINDS,
  RAW_BYTES,
  type Column,
  type ColumnType,
} from '../model/index.ts';

/** Schema metadata keys: the header as JSON, and its CRC-32 in hex. */
export const HEADER_KEY = 'iotlb.header';
export const HEADER_CRC_KEY = 'iotlb.header_crc32';

/** The words of the `kind` column, in code order. */
export const kindDictionary = vectorFromArray([...KINDS], new Utf8());

const kindType = new Dictionary(new Utf8(), new Int8(), 0, false);

/** How Arrow types the column types of the table. */
const ARROW_TYPES: Readonly<Record<ColumnType, DataType>> = {
  uint8: new Uint8(),
  uint16: new Uint16(),
  uint32: new Uint32(),
  int16: new Int16(),
  sequence: new Uint64(),
  ns: new Int64(),
  firstPage: new Uint64(),
  pageCount: new Uint64(),
  kind: kindType,
  words: new FixedSizeBinary(RAW_BYTES),
};

/** Rows of a compressed batch at most, so that what a file may expand to is known before it does. */
export const COMPRESSED_ROWS_LIMIT = 131_072;

/** Bytes that a row of each of `columns` takes. */
export function widthsOf(columns: readonly Column[]): readonly number[] {
  return columns.map(({ type }) => COLUMN_TYPES[type].bytes);
}

/** Bytes that a row takes uncompressed, without the bits that say what is null. */
export const ROW_BYTES = widthsOf(ALL_COLUMNS).reduce((sum, width) => sum + width, 0);

/** The Arrow schema of `columns` that carries `header` (JSON text) and its checksum as metadata. */
export function traceSchema(
  headerText: string,
  headerCrc: string,
  columns: readonly Column[] = ALL_COLUMNS,
): Schema {
  const fields = columns.map(
    (column) =>
      new Field(
        column.name,
        ARROW_TYPES[column.type],
        column.present !== undefined,
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
