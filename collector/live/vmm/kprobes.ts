// The tap without bpftrace: kprobes on iommufd's functions through a tracefs instance of our own. Where the
// kernel keeps the structure is a matter of its version, so calls of our own must come out right first.

import { closeSync, constants, existsSync, openSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

import { ToolError } from '../../base/index.ts';
import { EventBuilder, KIND, RAW_BYTES } from '../../model/index.ts';
import { KprobeTextParser } from '../../sources/vmm/kprobe-text.ts';
import {
  CLOCK,
  TraceInstance,
  hasTracefs,
  removeOrphans,
  tracefsRoot,
} from '../ftrace/instance.ts';
import { readNow } from '../read-now.ts';
import {
  KNOWN_UNMAP,
  NO_OBJECT,
  issueInvalidate,
  issueUnmap,
  knownEntries,
} from './known-calls.ts';
import {
  INVALIDATE,
  PROBED_BYTES,
  defineProbes,
  missedBy,
  ownGroup,
  probeEvents,
  removeOrphanProbes,
  removeProbes,
  type ProbeEvent,
} from './probe-events.ts';
import type { OpenTap, Tap, TapOptions } from './tap.ts';

const DEVICE = '/dev/iommu';
const POLL_MS = 10;
const CHUNK_BYTES = 256 * 1024;
const VTD_BYTES = 24;

export const kprobeTap: Tap = {
  name: 'kprobes',
  missing,
  async open(options) {
    const root = tracefsRoot();
    removeOrphans(root);
    removeOrphanProbes(root);
    const tap = new KprobeTap(root, options);
    try {
      await tap.begin();
      return tap;
    } catch (error) {
      await tap.close();
      throw error;
    }
  },
  restore() {
    if (!hasTracefs()) return [];
    const root = tracefsRoot();
    removeOrphans(root); // whose events are these probes
    return removeOrphanProbes(root);
  },
};

function missing(): ToolError | undefined {
  const lacks = (what: string, hint: string): ToolError =>
    new ToolError('E_NOT_SUPPORTED', `the tap by kprobes needs ${what}`, { hint });
  if (process.getuid?.() !== 0) return lacks('root', 'run it with sudo');
  if (!hasTracefs()) return lacks('tracefs', 'mount -t tracefs nodev /sys/kernel/tracing');
  if (!existsSync(join(tracefsRoot(), 'kprobe_events'))) {
    return lacks('a kernel with CONFIG_KPROBE_EVENTS', 'most distributions have it');
  }
  if (!new RegExp(` ${INVALIDATE}\\b`).test(readFileSync('/proc/kallsyms', 'latin1'))) {
    return lacks(`a kernel with iommufd (${INVALIDATE})`, 'as a module: modprobe iommufd');
  }
  if (!existsSync(DEVICE)) return lacks(DEVICE, 'modprobe iommufd');
  return undefined;
}

interface KprobeLane {
  readonly source: KprobeTextParser;
  readonly take: () => void;
}

class KprobeTap implements OpenTap {
  readonly detail: string;
  ended: Promise<void> = Promise.resolve();
  onRows: () => void = () => undefined;
  readonly #root: string;
  readonly #options: TapOptions;
  readonly #group = ownGroup();
  readonly #events: readonly ProbeEvent[];
  readonly #chunk = new Uint8Array(CHUNK_BYTES);
  #instance: TraceInstance | undefined;
  #lane: KprobeLane | undefined;
  #pipe: number | undefined;
  #isOpen = true;

  constructor(root: string, options: TapOptions) {
    this.#root = root;
    this.#options = options;
    this.#events = probeEvents(this.#group);
    this.detail = `kprobes on iommufd, pid ${options.pids.join(', ')}, at most ${PROBED_BYTES} bytes of entries a call`;
  }

  /** Throws ToolError. */
  async begin(): Promise<void> {
    this.#define();
    const instance = await TraceInstance.open(this.#root, {
      number: 0,
      bufferBytes: this.#options.bufferBytes,
      events: this.#events.map(({ name }) => `${this.#group}/${name}`),
    });
    this.#instance = instance;
    for (const { name, filter } of this.#events) {
      if (filter !== undefined) await instance.set(`events/${this.#group}/${name}/filter`, filter);
    }
    this.#pipe = openSync(
      join(instance.path, 'trace_pipe'),
      constants.O_RDONLY | constants.O_NONBLOCK,
    );
    await instance.set('set_event_pid', String(process.pid));
    await instance.trace(true);
    await this.#prove();
    await this.#follow(instance);
    this.#lane = this.#options.merger.join((rows) => new KprobeTextParser(rows, CLOCK));
    this.ended = this.#listen();
    this.ended.catch(() => undefined); // also where nobody waits for it yet
  }

  async close(): Promise<void> {
    this.#isOpen = false;
    this.onRows = () => undefined;
    await this.ended.catch(() => undefined); // told to whoever ran it
    const instance = this.#instance;
    await instance?.trace(false);
    if (this.#pipe !== undefined) {
      const lane = this.#lane;
      while (this.#read((bytes) => lane?.source.push(bytes)));
      closeSync(this.#pipe);
      lane?.source.end();
      if (lane !== undefined && instance !== undefined) this.#reckon(lane.source, instance);
      lane?.take();
    }
    instance?.remove();
    removeProbes(this.#root, this.#group);
  }

  #define(): void {
    try {
      defineProbes(this.#root, this.#events);
    } catch (error) {
      throw new ToolError(
        'E_NOT_SUPPORTED',
        'this kernel does not take our kprobes; nothing is left of them',
        {
          cause: error,
          hint: 'Linux 6.9 or later reads arguments at a return; bpftrace needs no such thing',
        },
      );
    }
  }

  /** Issues known calls and looks at what the probes show of them. Throws ToolError. */
  async #prove(): Promise<void> {
    const entries = knownEntries(Math.floor(PROBED_BYTES / VTD_BYTES));
    const seen = new EventBuilder();
    const parser = new KprobeTextParser(seen);
    await issueInvalidate(DEVICE, entries);
    await issueUnmap(DEVICE);
    while (this.#read((bytes) => parser.push(bytes)));
    parser.end();
    const difference = parser.losses.lost > 0 ? 'events are missing' : differs(seen, entries);
    if (difference === undefined) return;
    throw new ToolError(
      'E_NOT_SUPPORTED',
      `the kprobes show a known call otherwise than it was (${difference}): this kernel keeps its structures elsewhere; nothing was recorded`,
      { hint: 'install bpftrace: it needs no knowledge of the kernel' },
    );
  }

  /** From now on the threads of the processes, and those that they start. */
  async #follow(instance: TraceInstance): Promise<void> {
    await instance.set('options/event-fork', '1');
    const threads = this.#options.pids.flatMap((pid) => readdirSync(`/proc/${pid}/task`));
    await instance.set('set_event_pid', threads.join(' '));
  }

  async #listen(): Promise<void> {
    while (this.#isOpen) {
      if (this.#read((bytes) => this.#lane?.source.push(bytes))) {
        this.#lane?.take();
        this.onRows();
      } else {
        await setTimeout(POLL_MS);
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  #read(into: (bytes: Uint8Array) => void): boolean {
    const got = this.#pipe === undefined ? 0 : readNow(this.#pipe, this.#chunk);
    if (got > 0) into(this.#chunk.subarray(0, got));
    return got > 0;
  }

  /** What the kernel counted as lost and no line told. */
  #reckon(source: KprobeTextParser, instance: TraceInstance): void {
    for (const cpu of instance.cpus()) {
      const { overrun, unwritten } = instance.stats(cpu);
      const untold = overrun + unwritten - (source.toldLost.get(cpu) ?? 0);
      if (untold > 0) source.losses.add(cpu, 'cpu', 'events lost in the kernel buffer', untold);
    }
    const missed = missedBy(this.#root, this.#events);
    if (missed > 0) source.losses.add(0, 'cpu', 'calls that a probe had no room for', missed);
  }
}

/** What of the known calls' rows is not as they were; undefined where all is. */
function differs(seen: EventBuilder, entries: Uint8Array): string | undefined {
  const count = entries.length / VTD_BYTES;
  if (seen.count !== count + 3) return `${seen.count} rows for ${count + 3}`;
  for (let i = 0; i < count; i++) {
    const got = seen.raw.subarray(i * RAW_BYTES, i * RAW_BYTES + VTD_BYTES);
    const want = entries.subarray(i * VTD_BYTES, (i + 1) * VTD_BYTES);
    if (Buffer.compare(got, want) !== 0) return `entry ${i} of ${count}`;
  }
  if (seen.domainId[0] !== NO_OBJECT) return 'the object';
  const view = new DataView(seen.raw.buffer, seen.raw.byteOffset);
  const errno = view.getInt32(count * RAW_BYTES, true);
  if (seen.kind[count] !== KIND.barrier || errno !== -2) return `result ${errno}`;
  const unmap = (count + 1) * RAW_BYTES;
  const isUnmap =
    view.getBigUint64(unmap, true) === KNOWN_UNMAP.iova &&
    view.getBigUint64(unmap + 8, true) === KNOWN_UNMAP.length;
  return isUnmap ? undefined : 'the unmap';
}
