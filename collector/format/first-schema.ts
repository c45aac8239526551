// The schema at the start of an Arrow file or stream, read without the rest of it.

import { closeSync, fstatSync } from 'node:fs';

import { RecordBatchReader, type Schema } from 'apache-arrow';

import { openRegular } from '../base/index.ts';
import { FILE_MAGIC, frameAt, isFrame, readAt } from './frames.ts';

/** The schema in the bytes of a schema frame; undefined where they are not one. */
function decodeSchema(frame: Uint8Array): Schema | undefined {
  try {
    const reader = RecordBatchReader.from(frame);
    reader.open();
    return reader.schema;
  } catch {
    return undefined; // Arrow throws whatever damaged bytes lead to
  }
}

/** The schema of the Arrow file at `path`; undefined where it is something else. Throws ToolError. */
export function firstSchema(path: string): Schema | undefined {
  const fd = openRegular(path, 'a recording or result');
  try {
    const { size } = fstatSync(fd);
    const magic = Buffer.alloc(8);
    readAt(fd, magic, 0);
    const start = magic.toString('latin1', 0, FILE_MAGIC.length) === FILE_MAGIC ? 8 : 0;
    const frame = frameAt(fd, size, start);
    if (!isFrame(frame) || frame.kind !== 'schema') return undefined;
    const bytes = new Uint8Array(frame.bytes);
    readAt(fd, bytes, frame.offset);
    return decodeSchema(bytes);
  } finally {
    closeSync(fd);
  }
}
