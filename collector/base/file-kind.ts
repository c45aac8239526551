// What kind of thing a path names, and whether two paths name one file.

import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readdirSync,
  statSync,
  type BigIntStats,
} from 'node:fs';
import { join } from 'node:path';

import { ToolError, fileError, systemErrorCode } from './errors.ts';

type FileKind = Pick<BigIntStats, 'isDirectory' | 'isFIFO' | 'isSocket' | 'isFile'>;

/** `folder`, `FIFO`, `socket`, `device`, `file`: as messages name it. */
export function kindOfFile(found: FileKind): string {
  if (found.isFile()) return 'file';
  if (found.isDirectory()) return 'folder';
  if (found.isFIFO()) return 'FIFO';
  if (found.isSocket()) return 'socket';
  return 'device';
}

/** With links followed; undefined where nothing has the name. Throws ToolError. */
export function statOf(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true, throwIfNoEntry: false });
  } catch (error) {
    throw fileError(error, path, 'Nothing was written.');
  }
}

/** True where `input` (`-`: standard input) is the file `found`, or a folder that holds it. */
export function sameFile(input: string, found: BigIntStats): boolean {
  const own = tried(() =>
    input === '-' ? fstatSync(0, { bigint: true }) : statSync(input, { bigint: true }),
  );
  if (own === undefined) return false; // a missing input is refused where it is read
  if (own.dev === found.dev && own.ino === found.ino) return true;
  if (!own.isDirectory()) return false;
  const entries = tried(() => readdirSync(input, { withFileTypes: true })) ?? [];
  return entries
    .filter((entry) => entry.isFile() || entry.isDirectory())
    .some((entry) => sameFile(join(input, entry.name), found));
}

/**
 * Opens a regular file for reading. A FIFO is not waited for, a device not read. Throws ToolError; `wanted`
 * says what is read from a file.
 */
export function openRegular(path: string, wanted: string): number {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (systemErrorCode(error) === 'ENXIO') throw notRegular(path, 'socket', wanted);
    throw fileError(error, path, 'Nothing was read.');
  }
  const found = fstatSync(fd);
  if (found.isFile()) return fd;
  closeSync(fd);
  throw notRegular(path, kindOfFile(found), wanted);
}

function notRegular(path: string, kind: string, wanted: string): ToolError {
  return new ToolError(
    'E_FORMAT',
    `${path}: is a ${kind}; ${wanted} is read from a regular file. Nothing was read.`,
  );
}

function tried<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined; // what cannot be looked at is refused where it is opened
  }
}
