// The process behind a listening Unix socket, and where its log goes: from /proc, read only.
// What this user may not see stays undefined.

import { readFileSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import { resolve } from 'node:path';

export interface Peer {
  readonly pid: number;
  readonly uid: number;
  /** What to tell QEMU's `logfile` to have it log where it logs now. */
  readonly logFile: string;
  /** It logs to a standard error that cannot be opened a second time. */
  readonly isLogLost: boolean;
}

/** QEMU opens these anew, for appending; the first is its own standard error, whatever that is. */
export const STDERR = '/dev/stderr';
export const NOWHERE = '/dev/null';

/** The process that listens on the socket at `path`. */
export function peerOf(path: string): Peer | undefined {
  const inode = socketInode(resolve(path)) ?? socketInode(path);
  if (inode === undefined) return undefined;
  const link = `socket:[${inode}]`;
  for (const name of readdirSync('/proc')) {
    if (/^\d+$/.test(name) && openFiles(name).includes(link)) return peerOfProcess(Number(name));
  }
  return undefined;
}

/** What can be seen of the QEMU `pid`. */
export function peerOfProcess(pid: number): Peer {
  const name = String(pid);
  const uid = statSync(`/proc/${name}`, { throwIfNoEntry: false })?.uid ?? 0;
  const file = logFileOf(name);
  // A socket (systemd's journal, for one) is not opened through /dev/stderr: ENXIO. What belongs to another
  // user (libvirt's log of a guest that runs as libvirt-qemu, or a pipe to virtlogd) is not opened either.
  const isLogLost = file === undefined && !canReopen(pid, uid);
  return { pid, uid, logFile: isLogLost ? NOWHERE : (file ?? STDERR), isLogLost };
}

/** Whether the process may open its own standard error once more. */
function canReopen(pid: number, uid: number): boolean {
  if (tryLink(`/proc/${pid}/fd/2`).startsWith('socket:')) return false;
  if (uid === 0) return true;
  const file = statSync(`/proc/${pid}/fd/2`, { throwIfNoEntry: false });
  return file === undefined || file.uid === uid || (file.mode & 0o002) !== 0;
}

/** The file that `logFile` of a peer's means, seen from here; undefined where that cannot be seen. */
export function logFileHere({ pid, logFile }: Pick<Peer, 'pid' | 'logFile'>): string | undefined {
  if (logFile === STDERR) return tryLink(`/proc/${pid}/fd/2`) || undefined;
  const folder = tryLink(`/proc/${pid}/cwd`);
  return folder === '' ? undefined : resolve(folder, logFile);
}

function socketInode(path: string): string | undefined {
  // Num RefCount Protocol Flags Type St Inode Path; 00010000 marks a listening socket.
  for (const line of tryRead('/proc/net/unix').split('\n')) {
    const [, , , flags, , , inode, bound] = line.trim().split(/\s+/);
    if (bound === path && flags === '00010000') return inode;
  }
  return undefined;
}

function openFiles(pid: string): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((fd) => tryLink(`/proc/${pid}/fd/${fd}`));
  } catch {
    return []; // another user's, or gone
  }
}

/** `-D FILE` or `-trace file=FILE`, if that file is open: QEMU may have been told otherwise since. */
function logFileOf(pid: string): string | undefined {
  const args = tryRead(`/proc/${pid}/cmdline`).split('\0');
  const folder = tryLink(`/proc/${pid}/cwd`);
  const open = openFiles(pid);
  let found: string | undefined;
  args.forEach((arg, i) => {
    const next = args[i + 1] ?? '';
    if (/^--?D$/.test(arg)) found = next;
    if (/^--?trace$/.test(arg)) found = /(?:^|,)file=([^,]+)/.exec(next)?.[1] ?? found;
  });
  return found !== undefined && open.includes(resolve(folder, found)) ? found : undefined;
}

function tryRead(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function tryLink(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

/** When a process started, in the kernel's ticks: tells it from a later one with the same pid. */
export function startOf(pid: number): string | undefined {
  const stat = tryRead(`/proc/${pid}/stat`);
  // The name in brackets may hold anything; field 22 counts from behind it.
  return stat === '' ? undefined : stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}
