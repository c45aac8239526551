// Who holds a store's folder. The engine locks one file in it for as long as it is open, and says only that it
// cannot open the folder; the kernel's table of locks says which process has it.

import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { ToolError } from '../../collector/base/index.ts';

/** The file that ClickHouse locks in its folder. */
const LOCKED_FILE = 'status';

/** Refuses `folder` where it is no folder or another process has it open. Throws ToolError. */
export function refuseStoreInUse(folder: string): void {
  const found = statSync(folder, { throwIfNoEntry: false });
  if (found !== undefined && !found.isDirectory()) {
    throw new ToolError(
      'E_USAGE',
      `${folder}: is a file, and a store is a folder. It was left as it is.`,
    );
  }
  const pid = holder(join(folder, LOCKED_FILE));
  if (pid === undefined) return;
  throw new ToolError(
    'E_STORE',
    `${folder}: is in use by ${named(pid)}; one process at a time can open a store. Nothing was loaded.`,
    { hint: 'wait until that process has ended, or use another folder' },
  );
}

/** `1: FLOCK  ADVISORY  WRITE 4711 08:01:262173 0 EOF` */
const LOCK = /^\d+: FLOCK +\S+ +WRITE +(?<pid>\d+) +[\da-f]+:[\da-f]+:(?<inode>\d+) /;

function holder(path: string): number | undefined {
  const inode = statSync(path, { throwIfNoEntry: false })?.ino;
  if (inode === undefined) return undefined;
  for (const line of readText('/proc/locks').split('\n')) {
    const { pid, inode: locked } = LOCK.exec(line)?.groups ?? {};
    if (Number(locked) === inode && Number(pid) !== process.pid) return Number(pid);
  }
  return undefined;
}

function named(pid: number): string {
  const name = readText(`/proc/${pid}/comm`).trim();
  // A process of another container has no number here.
  if (pid === 0) return 'a process outside this container';
  return name === '' ? `process ${pid}` : `process ${pid} (${name})`;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // another system than Linux, or the process has ended: the engine's own error is left
  }
}
