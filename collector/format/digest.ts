// SHA-256 of a file's bytes, as files name their parents and as `sha256sum` would print it.

import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';

import { fileError } from '../base/index.ts';

const CHUNK_BYTES = 1024 * 1024;

/** `sha256:…` of the file at `path`. Throws ToolError. */
export function fileDigest(path: string): string {
  const hash = createHash('sha256');
  try {
    const fd = openSync(path, 'r');
    try {
      const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
      for (;;) {
        const got = readSync(fd, chunk);
        if (got === 0) break;
        hash.update(chunk.subarray(0, got));
      }
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw fileError(error, path, 'Its digest is not known.');
  }
  return `sha256:${hash.digest('hex')}`;
}
