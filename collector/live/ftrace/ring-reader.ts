// Reads all CPUs of our instances into rows, in the order of time, and accounts for every event that the
// kernel counted: what its pages tell is placed where it fell, the rest is added CPU by CPU.

import { readFileSync } from 'node:fs';
import { endianness } from 'node:os';

import { ToolError } from '../../base/index.ts';
import { LossLog, type EventBuilder } from '../../model/index.ts';
import type { PageLayout } from '../../sources/ftrace/format-file.ts';
import { GuestEvents } from '../../sources/ftrace/guest-events.ts';
import { countLost } from '../../sources/ftrace/lost.ts';
import { RawEvents } from '../../sources/ftrace/raw-events.ts';
import type { PageLoss, TimeBase } from '../../sources/ftrace/ring-page.ts';
import type { OpenSource, SourceFacts } from '../../sources/source.ts';
import { CLOCK, parseCpuList, type TraceInstance } from './instance.ts';
import { CpuPipe, LiveCursor, type HandOver } from './live-cursor.ts';
import { LiveMerge } from './live-merge.ts';

const ONLINE = '/sys/devices/system/cpu/online';
/** Rows may be taken away after so many events. */
const STEP_EVENTS = 32_768;
/** How often to ask for events that were being written when tracing ended. */
const LAST_LOOKS = 16;

export class RingReader implements OpenSource {
  readonly losses = new LossLog();
  /** The one that is written to. */
  instance: TraceInstance;
  readonly #base = process.hrtime.bigint(); // CLOCK_MONOTONIC, as the trace clock mono
  readonly #layout: PageLayout;
  readonly #events: GuestEvents;
  readonly #raw: RawEvents;
  readonly #merge: LiveMerge<LiveCursor>;
  readonly #cpus = new Map<number, LiveCursor>();
  #online = '';

  constructor(out: EventBuilder, instance: TraceInstance, events: readonly string[]) {
    this.instance = instance;
    this.#layout = instance.layout();
    this.#events = new GuestEvents(out, this.losses);
    const little = endianness() === 'LE';
    this.#raw = new RawEvents(this.#events, instance.formats(events), {
      name: 'this kernel',
      little,
    });
    this.#merge = new LiveMerge({
      raw: this.#raw,
      events: this.#events,
      losses: this.losses,
      scale: 1,
    });
    this.#addCpus();
  }

  /** Time on the events' clock, ns since this reader was made. */
  nowNs(): number {
    return Number(process.hrtime.bigint() - this.#base);
  }

  /** Bytes of the CPU that gave most since the last call. */
  takeBusiest(): number {
    let most = 0;
    for (const { pipe } of this.#cpus.values()) most = Math.max(most, pipe.takeBytes());
    return most;
  }

  /** Adds the rows of what may be taken by now. True where more is there already. */
  step(): boolean {
    const now = this.nowNs();
    this.#addCpus();
    return this.#merge.step(now, STEP_EVENTS);
  }

  /** Every CPU goes over to a new instance when its part of the present one is read. */
  handOver(to: HandOver): void {
    this.instance = to.instance;
    for (const cursor of this.#cpus.values()) cursor.follow(to);
  }

  /** True while a CPU still reads `instance`. */
  isReading(instance: TraceInstance): boolean {
    return [...this.#cpus.values()].some(({ pipe }) => pipe.instance === instance);
  }

  /** Takes all that is left once tracing is off, and accounts for it; `taken` after each part. */
  finish(taken: () => void): void {
    for (let look = 0; look < LAST_LOOKS; look++) {
      while (this.#merge.drain(STEP_EVENTS)) taken();
      taken();
      if (!this.#hasEntries()) break;
    }
    this.#events.end();
    for (const cursor of this.#cpus.values()) this.#reconcile(cursor);
    taken();
  }

  close(): void {
    for (const { pipe } of this.#cpus.values()) pipe.close();
  }

  facts(): SourceFacts {
    const first = Number.isNaN(this.#events.firstRow) ? 0 : this.#events.firstRow;
    return {
      ...this.#events.facts(),
      clock: {
        name: CLOCK,
        start_ns: String(this.#base + BigInt(first)),
        resolution_ns: 1,
        pairs: [],
      },
      detail: `raw pages of ${this.#cpus.size} CPUs, formats of ${this.#raw.names.join(', ')}`,
    };
  }

  /** CPUs that came online. One that went offline keeps its buffer and is read on. */
  #addCpus(): void {
    const online = readFileSync(ONLINE, 'latin1');
    if (online === this.#online) return;
    this.#online = online;
    for (const cpu of parseCpuList(online)) if (!this.#cpus.has(cpu)) this.#addCpu(cpu);
  }

  #addCpu(cpu: number): void {
    const cursor: LiveCursor = new LiveCursor(new CpuPipe(this.instance, cpu), {
      layout: this.#layout,
      little: endianness() === 'LE',
      onLost: (lost) => this.#lose(cursor, lost),
      onSwitch: (from) => this.#reconcile(from),
      fail: (of, page, what) =>
        new ToolError(
          'E_CORRUPT',
          `page ${page} of CPU ${of} is not as its header_page says: ${what}`,
        ),
    });
    cursor.start(timeBase(this.#base));
    this.#cpus.set(cpu, cursor);
    this.#merge.add(cursor);
  }

  /**
   * A page has room for the number or not; the kernel's own count is the truth then, and the limit: what it
   * counts while the page is read belongs to a later place.
   */
  #lose(cursor: LiveCursor, lost: PageLoss): void {
    const untold = cursor.pipe.instance.stats(lost.cpu).overrun - cursor.told;
    const count = lost.count > 0 ? Math.min(lost.count, untold) : untold;
    if (count <= 0) {
      this.#events.end();
      return;
    }
    cursor.told += count;
    countLost(this.losses, this.#events, { ...lost, count });
  }

  /** What the kernel counted on this CPU of its present instance and no page told. */
  #reconcile(cursor: LiveCursor): void {
    const { cpu, stepped, told } = cursor;
    const { overrun, unwritten, read } = cursor.pipe.instance.stats(cpu);
    const lose = (lost: number, reason: string): void => {
      if (lost > 0) this.losses.add(cpu, 'cpu', reason, lost);
    };
    lose(overrun - told, 'overrun by the count of the kernel');
    lose(unwritten, 'not written by the kernel');
    lose(read - stepped, 'read, but not found in the pages');
  }

  #hasEntries(): boolean {
    return [...this.#cpus.values()].some(({ cpu, pipe }) => pipe.instance.stats(cpu).entries > 0);
  }
}

function timeBase(ns: bigint): TimeBase {
  return { high: Number(ns >> 32n), low: Number(ns & 0xffffffffn) };
}
