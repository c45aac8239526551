// The checksum of a batch: CRC-32 over what the batch says of itself and over every column's values and
// validity, so that a flip anywhere that changes what a reader would see is found (Arrow has none).
// Each batch names its predecessor's checksum, so swapped, doubled and missing batches show too.

import { crc32 } from 'node:zlib';

import { type RecordBatch } from 'apache-arrow';
import { z } from 'zod';

import { lossDetailSchema, tallySchema } from '../model/index.ts';

export const CHECK_KEY = 'iotlb.batch';
export const CHECK_CRC_KEY = 'iotlb.batch_crc32';

/** What a batch says of itself, in its message metadata. Totals are running totals of the recording. */
export const batchNoteSchema = z.object({
  index: z.number().int().nonnegative(),
  first_seq: z.number().int().nonnegative(),
  rows: z.number().int().nonnegative(),
  /** Checksum of the batch before; of the header for the first. */
  previous: z.string(),
  tally: tallySchema,
  /** Places of loss since the batch before. */
  losses: z.array(lossDetailSchema),
  /** The recording ended here in good order. */
  end: z.boolean(),
});
export type BatchNote = z.infer<typeof batchNoteSchema>;

export const hexCrc = (value: number): string => value.toString(16).padStart(8, '0');

/** CRC-32 in hex of a text. */
export const textCrc = (text: string): string => hexCrc(crc32(text));

/** CRC-32 in hex over the note's text and all columns of the batch. */
export function batchCrc(noteText: string, batch: RecordBatch): string {
  let crc = crc32(noteText);
  const rows = batch.numRows;
  for (const column of batch.data.children) {
    if (column.length !== rows) return 'length';
    const nulls = column.nullCount;
    crc = crc32(String(nulls), crc);
    if (nulls > 0) crc = crc32(bytesOf(column.nullBitmap, (rows + 7) >> 3), crc);
    const values = column.values as ArrayBufferView & { readonly BYTES_PER_ELEMENT: number };
    const width = values.BYTES_PER_ELEMENT * column.stride;
    crc = crc32(bytesOf(values, rows * width), crc);
  }
  return hexCrc(crc);
}

function bytesOf(view: ArrayBufferView, bytes: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, Math.min(bytes, view.byteLength));
}
