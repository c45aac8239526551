// Where the columns of a batch lie in its body, from metadata that is not trusted: every buffer inside the
// body and long enough for the rows, and no compressed batch larger than what a writer makes.

import { COMPRESSED_ROWS_LIMIT } from './schema.ts';
import type { FlatTable } from './flatbuffer.ts';

export type Compression = 'none' | 'zstd';

interface BufferPlace {
  readonly offset: number;
  readonly bytes: number;
  /** What it holds for the rows, uncompressed. */
  readonly plainBytes: number;
}

export interface ColumnPlace {
  readonly nulls: number;
  readonly bitmap: BufferPlace;
  readonly values: BufferPlace;
}

export interface BatchLayout {
  readonly compression: Compression;
  readonly rows: number;
  readonly columns: readonly ColumnPlace[];
}

// Slots of Arrow's flatbuffer tables (Message.fbs).
export const BATCH = { length: 0, nodes: 1, buffers: 2, compression: 3, variadic: 4 } as const;
const BODY_COMPRESSION = { codec: 0, method: 1 } as const;
const ZSTD = 1;
const BY_BUFFER = 0;
const PAIR_BYTES = 16; // FieldNode and Buffer are structs of two 64-bit counts

/** Before the bytes of a compressed buffer: how long it is uncompressed, or -1 where it is stored as it is. */
export const LENGTH_BYTES = 8;

/** Undefined where the layout is not that of a batch with columns `widths` bytes wide. */
export function readLayout(
  batch: FlatTable,
  bodyBytes: number,
  widths: readonly number[],
): BatchLayout | undefined {
  const rows = batch.count64(BATCH.length);
  const nodes = batch.vector(BATCH.nodes, PAIR_BYTES);
  const buffers = batch.vector(BATCH.buffers, PAIR_BYTES);
  const compression = compressionOf(batch);
  if (compression === undefined || batch.vector(BATCH.variadic, 8).length > 0) return undefined;
  if (compression !== 'none' && rows > COMPRESSED_ROWS_LIMIT) return undefined;
  if (nodes.length !== widths.length || buffers.length !== widths.length * 2) return undefined;
  const at = (vector: typeof nodes, i: number, offset: number): number =>
    batch.structCount(vector, i, { bytes: PAIR_BYTES, offset });
  const place = (i: number, plainBytes: number): BufferPlace => ({
    offset: at(buffers, i, 0),
    bytes: at(buffers, i, 8),
    plainBytes,
  });
  const columns = widths.map((width, i): ColumnPlace => {
    const nulls = at(nodes, i, 8);
    const bitmapBytes = nulls === 0 ? 0 : Math.ceil(rows / 8);
    return { nulls, bitmap: place(2 * i, bitmapBytes), values: place(2 * i + 1, rows * width) };
  });
  const isInside = ({ offset, bytes, plainBytes }: BufferPlace): boolean =>
    plainBytes === 0 ||
    (offset % 8 === 0 &&
      offset + bytes <= bodyBytes &&
      bytes >= (compression === 'none' ? plainBytes : LENGTH_BYTES));
  const fits = columns.every(
    ({ nulls, bitmap, values }, i) =>
      at(nodes, i, 0) === rows && nulls <= rows && isInside(bitmap) && isInside(values),
  );
  return fits ? { compression, rows, columns } : undefined;
}

function compressionOf(batch: FlatTable): Compression | undefined {
  if (!batch.has(BATCH.compression)) return 'none';
  const table = batch.table(BATCH.compression);
  const isKnown =
    table?.int8(BODY_COMPRESSION.codec) === ZSTD &&
    table.int8(BODY_COMPRESSION.method) === BY_BUFFER;
  return isKnown ? 'zstd' : undefined;
}
