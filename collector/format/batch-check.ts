// The checksum of a batch: CRC-32 over every byte of its frame, with the checksum's own digits as zeros,
// so that any flip is found before the bytes are used (Arrow has no checksum). Each batch names its
// recording and its predecessor's checksum, so swapped, doubled, missing and foreign batches show too.

import { crc32 } from 'node:zlib';

import { z } from 'zod';

import { lossDetailSchema, tallySchema } from '../model/index.ts';
import { PREFIX_BYTES, readAt, type Frame } from './frames.ts';

export const CHECK_KEY = 'iotlb.batch';
export const CHECK_CRC_KEY = 'iotlb.batch_crc32';
/** What stands for the checksum while it is computed; as long as a CRC-32 in hex. */
export const CRC_BLANK = '00000000';

const CHUNK_BYTES = 256 * 1024;

/** What a batch says of itself, in its message metadata. Totals are running totals of the recording. */
export const batchNoteSchema = z.object({
  index: z.number().int().nonnegative(),
  first_seq: z.number().int().nonnegative(),
  rows: z.number().int().nonnegative(),
  /** Checksum of the recording's header: which recording the batch belongs to. */
  recording: z.string(),
  /** Checksum of the batch before; of all bytes before it for the first. */
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

/** CRC-32 in hex of chunks that follow each other. */
export function chunksCrc(chunks: readonly Uint8Array[]): string {
  return hexCrc(chunks.reduce((crc, chunk) => crc32(chunk, crc), 0));
}

/** CRC-32 in hex of the first `bytes` of a file. */
export function headCrc(fd: number, bytes: number): string {
  return hexCrc(rangeCrc(fd, 0, bytes, 0));
}

/** The checksum that a frame in memory should carry. */
export function frameCrc(frame: Frame, bytes: Uint8Array): string {
  const digits = digitsAt(frame);
  const before = crc32(bytes.subarray(0, digits));
  const blank = crc32(CRC_BLANK, before);
  return hexCrc(crc32(bytes.subarray(digits + CRC_BLANK.length), blank));
}

/** The same, of a frame in a file, without holding it in memory. */
export function frameCrcInFile(frame: Frame, fd: number): string {
  const digits = frame.offset + digitsAt(frame);
  const before = rangeCrc(fd, frame.offset, digits, 0);
  const blank = crc32(CRC_BLANK, before);
  return hexCrc(rangeCrc(fd, digits + CRC_BLANK.length, frame.offset + frame.bytes, blank));
}

/** True where the frame carries a checksum at all. */
export function carriesCrc(frame: Frame): boolean {
  return frame.message.pairs.get(CHECK_CRC_KEY)?.length === CRC_BLANK.length;
}

function digitsAt(frame: Frame): number {
  return PREFIX_BYTES + (frame.message.valueAt.get(CHECK_CRC_KEY) ?? 0);
}

function rangeCrc(fd: number, from: number, to: number, start: number): number {
  const chunk = new Uint8Array(Math.min(CHUNK_BYTES, Math.max(0, to - from)));
  let crc = start;
  for (let at = from; at < to;) {
    const got = readAt(fd, chunk.subarray(0, Math.min(chunk.length, to - at)), at);
    if (got === 0) break;
    crc = crc32(chunk.subarray(0, got), crc);
    at += got;
  }
  return crc;
}
