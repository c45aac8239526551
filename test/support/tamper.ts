// Changes bytes of a recording and makes the batch's checksum right again, as someone would who means harm:
// what is left to catch the change is what a reader checks beside checksums.

import { mkdtempSync, openSync, closeSync, rmSync, writeFileSync, fstatSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { CHECK_CRC_KEY, frameCrc } from '../../collector/format/batch-check.ts';
import { PREFIX_BYTES, frameAt, isFrame, type Frame } from '../../collector/format/frames.ts';

/** The batches of a sealed recording, as they lie in its bytes. */
export function batchFrames(bytes: Uint8Array): readonly Frame[] {
  return withFile(bytes, (fd, size) => {
    const found: Frame[] = [];
    for (let offset = PREFIX_BYTES; ;) {
      const frame = frameAt(fd, size, offset);
      if (!isFrame(frame)) return found;
      if (frame.kind === 'batch') found.push(frame);
      offset += frame.bytes;
    }
  });
}

/** A copy with `change` made to the batch at `frame`, its checksum right; undefined where it is no batch any more. */
export function tampered(
  bytes: Uint8Array,
  frame: Frame,
  change: (batch: Buffer) => void,
): Buffer | undefined {
  const copy = Buffer.from(bytes);
  const batch = copy.subarray(frame.offset, frame.offset + frame.bytes);
  change(batch);
  const now = withFile(copy, (fd, size) => frameAt(fd, size, frame.offset));
  if (!isFrame(now) || now.bytes !== frame.bytes) return undefined;
  const digits = now.message.valueAt.get(CHECK_CRC_KEY);
  if (digits === undefined) return undefined;
  batch.write(frameCrc(now, batch), PREFIX_BYTES + digits, 'latin1');
  return copy;
}

function withFile<T>(bytes: Uint8Array, use: (fd: number, size: number) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'iotlb-tamper-'));
  const path = join(folder, 'bytes');
  writeFileSync(path, bytes);
  const fd = openSync(path, 'r');
  try {
    return use(fd, fstatSync(fd).size);
  } finally {
    closeSync(fd);
    rmSync(folder, { recursive: true });
  }
}
