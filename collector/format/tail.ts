// What follows the last batch of a sealed file: Arrow's end mark, 16 bytes of ours with a checksum over
// the whole tail, and Arrow's footer, which other programs read. Readers of Arrow step over the 16 bytes.

import { crc32 } from 'node:zlib';

import { ascii } from '../base/index.ts';
import { FILE_MAGIC, PREFIX_BYTES, readAt } from './frames.ts';
import { readFooterPairs } from './message.ts';

const MARK = ascii('iotlbEND');
const CHECK_BYTES = 16;
/** Footer length and magic, at the very end. */
const SUFFIX_BYTES = 10;
const TAIL_LIMIT_BYTES = 64 * 1024 * 1024;

/** The chunks of an end mark and a footer, with the check between them. */
export function withTailCheck(chunks: readonly Uint8Array[]): readonly Uint8Array[] {
  const [endMark, ...footer] = chunks;
  const check = new Uint8Array(CHECK_BYTES);
  check.set(MARK);
  const crc = [endMark, check, ...footer].reduce((sum, chunk) => crc32(chunk, sum), 0);
  new DataView(check.buffer).setUint32(MARK.length, crc, true);
  return [endMark, check, ...footer];
}

/** Undefined where the tail that starts with the end mark at `offset` is as it was written; else what is wrong. */
export function tailDamage(fd: number, size: number, offset: number): string | undefined {
  const tail = readTail(fd, size, offset);
  if (tail === undefined || tail.length < PREFIX_BYTES + CHECK_BYTES + SUFFIX_BYTES) {
    return 'its footer is cut or has the wrong length';
  }
  const view = new DataView(tail.buffer);
  const at = PREFIX_BYTES + MARK.length;
  const stored = view.getUint32(at, true);
  view.setUint32(at, 0, true);
  return crc32(tail) === stored ? undefined : 'its footer does not match its checksum';
}

function readTail(fd: number, size: number, offset: number): Uint8Array | undefined {
  const bytes = size - offset;
  if (bytes > TAIL_LIMIT_BYTES) return undefined;
  const tail = new Uint8Array(bytes);
  return readAt(fd, tail, offset) === bytes ? tail : undefined;
}

/** The key-value pairs of the schema that the footer repeats, where a footer is readable. */
export function footerPairs(fd: number, size: number): ReadonlyMap<string, string> | undefined {
  const suffix = Buffer.alloc(SUFFIX_BYTES);
  if (size < SUFFIX_BYTES || readAt(fd, suffix, size - SUFFIX_BYTES) < SUFFIX_BYTES)
    return undefined;
  const bytes = suffix.readInt32LE(0);
  if (suffix.toString('latin1', 4) !== FILE_MAGIC) return undefined;
  if (bytes <= 0 || bytes > TAIL_LIMIT_BYTES || bytes > size - SUFFIX_BYTES) return undefined;
  const footer = new Uint8Array(bytes);
  readAt(fd, footer, size - SUFFIX_BYTES - bytes);
  return readFooterPairs(footer);
}
