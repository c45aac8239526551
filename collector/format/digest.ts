// SHA-256 of a file's bytes, as files name their parents and as `sha256sum` would print it.

import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { basename } from 'node:path';

import { fileError } from '../base/index.ts';
import { filesOf } from './joined-reader.ts';

const CHUNK_BYTES = 1024 * 1024;

/**
 * `sha256:…` of the file at `path`; of a folder or several files, over the names and digests of the recordings
 * there, in order of name. Throws ToolError.
 */
export function fileDigest(path: string | readonly string[]): string {
  if (typeof path !== 'string') return path.length === 1 ? fileDigest(path[0]) : listDigest(path);
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  return isFolder ? listDigest(filesOf(path)) : bytesDigest(path);
}

function listDigest(files: readonly string[]): string {
  const hash = createHash('sha256');
  const lines = files.map((file) => `${basename(file)} ${bytesDigest(file)}\n`);
  for (const line of lines.sort()) hash.update(line);
  return `sha256:${hash.digest('hex')}`;
}

function bytesDigest(path: string): string {
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
