// A tracefs instance of our own: buffers, clock and events that nobody else sees. Owns its folder, which
// is all there is to put back. The kernel's counts of what was overwritten are read from here.

import { existsSync, mkdirSync, readFileSync, readdirSync, rmdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { ToolError, fileError } from '../../base/index.ts';
import {
  parseEventFormat,
  parsePageLayout,
  type EventFormat,
  type PageLayout,
} from '../../sources/ftrace/format-file.ts';
import { startOf } from '../qemu/peer.ts';

const ROOTS = ['/sys/kernel/tracing', '/sys/kernel/debug/tracing'] as const;
const PREFIX = 'iotlb-';
export const CLOCK = 'mono';

export interface InstanceSettings {
  /** Tells the instances of one recorder apart. */
  readonly number: number;
  /** For each CPU. */
  readonly bufferBytes: number;
  /** `system/name` of each. */
  readonly events: readonly string[];
}

/** What the kernel counted on one CPU, events each. */
export interface CpuStats {
  /** Still in the buffer. */
  readonly entries: number;
  readonly read: number;
  /** Overwritten before they were read. */
  readonly overrun: number;
  /** Never written: nested too deep in interrupts, or no room. */
  readonly unwritten: number;
}

/** Where tracefs is mounted. Throws ToolError where it is not, or not for this user. */
export function tracefsRoot(): string {
  const root = ROOTS.find((path) => isReadable(join(path, 'trace_clock')));
  if (root !== undefined) return root;
  if (/ tracefs /.test(readFileSync('/proc/mounts', 'latin1'))) {
    throw new ToolError('E_PERMISSION', 'this user may not use tracefs; nothing was changed', {
      hint: 'record as root',
    });
  }
  throw new ToolError('E_NOT_SUPPORTED', 'tracefs is not mounted; nothing was changed', {
    hint: 'as root: mount -t tracefs nodev /sys/kernel/tracing',
  });
}

/** False where there can be no instance of ours either. */
export function hasTracefs(): boolean {
  return ROOTS.some((path) => isReadable(join(path, 'trace_clock')));
}

export class TraceInstance {
  readonly path: string;
  readonly bufferBytes: number;

  constructor(path: string, bufferBytes: number) {
    this.path = path;
    this.bufferBytes = bufferBytes;
  }

  /** Makes an instance with its events on, but not tracing yet. Throws ToolError with nothing changed. */
  static async open(root: string, settings: InstanceSettings): Promise<TraceInstance> {
    const { number, bufferBytes, events } = settings;
    const name = `${PREFIX}${process.pid}-${startOf(process.pid) ?? ''}-${number}`;
    const instance = new TraceInstance(join(root, 'instances', name), bufferBytes);
    try {
      mkdirSync(instance.path);
    } catch (error) {
      throw fileError(error, instance.path, 'No tracing was started.');
    }
    try {
      await instance.trace(false);
      await instance.set('trace_clock', CLOCK);
      await instance.set('buffer_size_kb', String(Math.ceil(bufferBytes / 1024)));
      for (const event of events) await instance.set(`events/${event}/enable`, '1');
      return instance;
    } catch (error) {
      instance.remove();
      throw error;
    }
  }

  /** Whether events are written to the buffers. Throws ToolError. */
  async trace(isOn: boolean): Promise<void> {
    await this.set('tracing_on', isOn ? '1' : '0');
  }

  /** Writes one of its control files. Throws ToolError. */
  async set(file: string, value: string): Promise<void> {
    try {
      await writeFile(join(this.path, file), value);
    } catch (error) {
      throw fileError(error, join(this.path, file), `It would have been set to '${value}'.`);
    }
  }

  /** The pages of this instance: its sub-buffers have a size of their own. Throws ToolError. */
  layout(): PageLayout {
    const header = join(this.path, 'events', 'header_page');
    const layout = parsePageLayout(readFileSync(header, 'latin1'), header);
    const own = join(this.path, 'buffer_subbuf_size_kb'); // Linux 6.8
    if (!existsSync(own)) return layout;
    return { ...layout, pageBytes: Number(readFileSync(own, 'latin1')) * 1024 };
  }

  formats(events: readonly string[]): readonly EventFormat[] {
    return events.flatMap(
      (event) =>
        parseEventFormat(readFileSync(join(this.path, 'events', event, 'format'), 'latin1')) ?? [],
    );
  }

  pipe(cpu: number): string {
    return join(this.path, 'per_cpu', `cpu${cpu}`, 'trace_pipe_raw');
  }

  /** The CPUs that it has buffers for. */
  cpus(): readonly number[] {
    return readdirSync(join(this.path, 'per_cpu')).map((name) => Number(name.slice(3)));
  }

  stats(cpu: number): CpuStats {
    return parseStats(readFileSync(join(this.path, 'per_cpu', `cpu${cpu}`, 'stats'), 'latin1'));
  }

  /** Its pipes must be closed. */
  remove(): void {
    rmdirSync(this.path);
  }
}

export function parseStats(stats: string): CpuStats {
  const count = (name: string): number =>
    Number(new RegExp(`^${name}: (\\d+)$`, 'm').exec(stats)?.[1] ?? 0);
  return {
    entries: count('entries'),
    read: count('read events'),
    overrun: count('overrun'),
    unwritten: count('commit overrun') + count('dropped events'),
  };
}

/** Numbers of a list such as `0-3,8`, the form of /sys/devices/system/cpu/online. */
export function parseCpuList(text: string): readonly number[] {
  return text
    .trim()
    .split(',')
    .flatMap((part) => {
      const [first, last = first] = part.split('-').map(Number);
      return Array.from({ length: last - first + 1 }, (_, i) => first + i);
    });
}

/** Removes the instances that killed recorders left; returns their names. */
export function removeOrphans(root: string): readonly string[] {
  return readdirSync(join(root, 'instances')).filter((name) => {
    const [, pid, start] = /^iotlb-(\d+)-(\d*)-\d+$/.exec(name) ?? [];
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
