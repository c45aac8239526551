// A tracefs instance of our own: buffers, clock and events that nobody else sees. Owns its folder, which
// is all there is to put back. The kernel's counts of what was overwritten are read from here.

import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import { ToolError, fileError } from '../../base/index.ts';
import { startOf } from '../qemu/peer.ts';

const ROOTS = ['/sys/kernel/tracing', '/sys/kernel/debug/tracing'] as const;
const PREFIX = 'iotlb-';

export interface CpuLoss {
  readonly cpu: number;
  /** Events that the kernel overwrote or could not write. */
  readonly lost: number;
}

/** Where tracefs is mounted. Throws ToolError where it is not, or not for this user. */
export function tracefsRoot(): string {
  const root = ROOTS.find((path) => isReadable(join(path, 'trace_clock')));
  if (root === undefined) {
    throw new ToolError(
      'E_NOT_SUPPORTED',
      'tracefs is not there for this user; nothing was changed',
      {
        hint: 'as root: mount -t tracefs nodev /sys/kernel/tracing',
      },
    );
  }
  return root;
}

/** False where there can be no instance of ours either. */
export function hasTracefs(): boolean {
  return ROOTS.some((path) => isReadable(join(path, 'trace_clock')));
}

export class TraceInstance {
  readonly path: string;

  /** Makes the instance, after removing those that killed recorders left. Throws ToolError. */
  constructor(root: string) {
    removeOrphans(root);
    this.path = join(root, 'instances', `${PREFIX}${process.pid}-${startOf(process.pid) ?? ''}`);
    try {
      mkdirSync(this.path);
    } catch (error) {
      throw fileError(error, this.path, 'No tracing was started.');
    }
  }

  /** Writes one of its control files. Throws ToolError. */
  set(file: string, value: string): void {
    try {
      writeFileSync(join(this.path, file), value);
    } catch (error) {
      throw fileError(error, join(this.path, file), `It would have been set to '${value}'.`);
    }
  }

  /** What was lost on each CPU since the instance began. */
  losses(): readonly CpuLoss[] {
    return readdirSync(join(this.path, 'per_cpu'))
      .filter((name) => name.startsWith('cpu'))
      .map((name) => ({
        cpu: Number(name.slice(3)),
        lost: lostOf(readFileSync(join(this.path, 'per_cpu', name, 'stats'), 'latin1')),
      }));
  }

  remove(): void {
    rmdirSync(this.path);
  }
}

/** `overrun`, `commit overrun` and `dropped events` of a CPU's stats. */
export function lostOf(stats: string): number {
  const counts = stats.matchAll(/^(?:overrun|commit overrun|dropped events): (\d+)$/gm);
  return [...counts].reduce((sum, match) => sum + Number(match[1]), 0);
}

/** Removes the instances that killed recorders left; returns their names. */
export function removeOrphans(root: string): readonly string[] {
  return readdirSync(join(root, 'instances')).filter((name) => {
    const [, pid, start] = /^iotlb-(\d+)-(\d*)$/.exec(name) ?? [];
    if (pid === undefined || startOf(Number(pid)) === start) return false;
    rmdirSync(join(root, 'instances', name));
    return true;
  });
}

function isReadable(file: string): boolean {
  try {
    return existsSync(file) && readFileSync(file).length > 0;
  } catch {
    return false;
  }
}
