// Has QEMU open its log again without losing what is in it: QEMU 7 goes on at the file's end, QEMU 10 empties
// it first. A copy is made before, and stays where it turns out to be needed.

import { constants, readSync, openSync, closeSync, statSync } from 'node:fs';
import { copyFile, rm } from 'node:fs/promises';

import { fileError } from '../../base/index.ts';

/** As much of a file's beginning as tells it from another's: log lines bear time stamps. */
const HEAD_BYTES = 4096;

/**
 * Runs `reopen`, which makes QEMU open `path`. Returns where the log's earlier contents are now, or undefined
 * where they still are in it. Throws ToolError, without having run it, when they cannot be kept.
 */
export async function reopenLog(
  path: string | undefined,
  reopen: () => Promise<void>,
): Promise<string | undefined> {
  const held = path === undefined ? undefined : statSync(path, { throwIfNoEntry: false });
  if (path === undefined || held === undefined || !held.isFile() || held.size === 0) {
    await reopen();
    return undefined;
  }
  const copy = `${path}.before-${new Date().toISOString().replaceAll(/[-:]/g, '')}`;
  try {
    await copyFile(path, copy, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  } catch (error) {
    throw fileError(
      error,
      copy,
      `QEMU may empty ${path} when it opens it again, so it was not told to.`,
    );
  }
  await reopen();
  const length = Math.min(held.size, HEAD_BYTES);
  const isIntact =
    statSync(path).size >= held.size && headOf(path, length).equals(headOf(copy, length));
  if (!isIntact) return copy;
  await rm(copy);
  return undefined;
}

function headOf(path: string, length: number): Buffer {
  const head = Buffer.alloc(length);
  const fd = openSync(path, 'r');
  try {
    return head.subarray(0, readSync(fd, head, 0, length, 0));
  } finally {
    closeSync(fd);
  }
}
