// What a running QEMU can be asked for: its trace backends, as its binary has them. Distributions choose them
// when they build: Debian and Ubuntu `log`, RHEL, CentOS and Fedora `dtrace` alone (then static probes).

import { closeSync, openSync, readFileSync, readSync } from 'node:fs';

import { staticProbes, type StaticProbe } from '../bpf/notes.ts';

/** Texts that only the log backend has: the event's name is part of what it prints. */
const LOG_TEXTS = [
  'vtd_inv_desc invalidate',
  'smmuv3_cmdq_opcode <---',
  'virtio_iommu_unmap domain',
];
const CHUNK_BYTES = 4 * 1024 * 1024;
const OVERLAP_BYTES = 64;
const PROVIDER = 'qemu';

export interface Backends {
  /** Trace events go to QEMU's log when they are switched on. */
  readonly log: boolean;
  /** The probes of its trace events. */
  readonly probes: readonly StaticProbe[];
}

/** The backends of the process's binary. Undefined where this user may not read it. */
export function backendsOf(pid: number): Backends | undefined {
  const path = binaryOf(pid);
  try {
    const probes = staticProbes(path).filter(({ provider }) => provider === PROVIDER);
    return { log: contains(path, LOG_TEXTS), probes };
  } catch {
    return undefined; // it ended, or is another user's
  }
}

/** The binary that the process runs, also one that was replaced since. */
export const binaryOf = (pid: number): string => `/proc/${pid}/exe`;

/** The guest's name from QEMU's command line; undefined where it has none. */
export function guestNameOf(pid: number): string | undefined {
  const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  const at = words.indexOf('-name');
  const parts = at < 0 ? [] : (words.at(at + 1) ?? '').split(',');
  const named = parts.find((part) => part.startsWith('guest=')) ?? parts.at(0);
  const name = named?.replace(/^guest=/, '');
  return name === '' ? undefined : name;
}

function contains(path: string, texts: readonly string[]): boolean {
  const fd = openSync(path, 'r');
  try {
    const chunk = Buffer.alloc(CHUNK_BYTES);
    for (let at = 0; ; at += CHUNK_BYTES - OVERLAP_BYTES) {
      const got = readSync(fd, chunk, 0, CHUNK_BYTES, at);
      const part = chunk.subarray(0, got);
      if (texts.some((text) => part.includes(text))) return true;
      if (got < CHUNK_BYTES) return false;
    }
  } finally {
    closeSync(fd);
  }
}
