// A set of BPF programs at work: loaded, aimed at processes, their ring buffer read by itself every few ms.
// Nobody is woken for a record, which is what makes the programs cheap for those who are watched.

import { readFileSync } from 'node:fs';

import { COUNTERS, type Counts } from '../../sources/vmm/layout.ts';
import { programFile } from '../program-files.ts';
import { CLOCK, KernelError, MapElement, clockNs } from './kernel.ts';
import { Loaded } from './load.ts';
import { readObject } from './object.ts';
import { Ring, type TakeRecord } from './ring.ts';
import { refusal } from './support.ts';

export const POLL_MS = 10;
/** Records taken before whoever writes them gets a turn. */
const RECORDS_AT_ONCE = 16_384;
const LEAST_RING_BYTES = 65_536;
const POSSIBLE_CPUS = '/sys/devices/system/cpu/possible';

export interface TapReader {
  /** Looks at a record in the ring buffer's memory. */
  readonly record: (bytes: Uint8Array, words: Uint32Array, at: number) => void;
  /** Records were taken. */
  readonly batch: () => void;
}

export class BpfTap {
  readonly loaded: Loaded;
  readonly ringBytes: number;
  readonly #ring: Ring;
  readonly #targets: MapElement;
  readonly #take: TakeRecord;
  readonly #batch: () => void;
  #isOpen = true;
  #polling: Promise<void> | undefined;

  private constructor(loaded: Loaded, ringBytes: number, reader: TapReader) {
    this.loaded = loaded;
    this.ringBytes = ringBytes;
    this.#ring = new Ring(loaded.map('ring'), ringBytes);
    this.#targets = new MapElement(loaded.map('targets'), 4);
    this.#targets.value.writeUInt32LE(1);
    const { bytes, words } = this.#ring;
    this.#take = (at) => reader.record(bytes, words, at);
    this.#batch = reader.batch;
  }

  /** Loads the object's maps and has `attach` attach its programs. Throws ToolError with nothing changed. */
  static open(
    object: string,
    options: { readonly ringBytes: number; readonly reader: TapReader },
    attach: (tap: BpfTap) => void,
  ): BpfTap {
    const ringBytes = 2 ** Math.ceil(Math.log2(Math.max(LEAST_RING_BYTES, options.ringBytes)));
    const loaded = new Loaded(readObject(programFile(object)), { ring: { entries: ringBytes } });
    try {
      const tap = new BpfTap(loaded, ringBytes, options.reader);
      attach(tap);
      return tap;
    } catch (error) {
      loaded.close();
      if (error instanceof KernelError) throw refusal('the tap cannot be made', error);
      throw error;
    }
  }

  /** From now on the process is watched. Throws KernelError. */
  aim(process: number): void {
    this.#targets.write(process);
  }

  /** The process is watched no more, if it was. */
  forget(process: number): void {
    try {
      this.#targets.remove(process);
    } catch {
      // It was not watched.
    }
  }

  /** Sets a bit mask of the programs. Throws KernelError. */
  set(bits: number): void {
    const settings = new MapElement(this.loaded.map('settings'), 4);
    settings.value.writeUInt32LE(bits);
    settings.write(0);
  }

  /** The programs' clock and the wall clock, read together. */
  clockPair(): { readonly at: string; readonly other: string; readonly other_at: string } {
    const at = String(clockNs(CLOCK.boot));
    return { at, other: 'realtime', other_at: String(clockNs(CLOCK.realtime)) };
  }

  /** Reads the ring buffer until `close`. Rejects with what a reader threw. */
  listen(): Promise<void> {
    this.#polling ??= this.#poll();
    return this.#polling;
  }

  /** What the programs counted by now, over all CPUs. Throws KernelError. */
  counts(): Counts {
    const cpus = possibleCpus(readFileSync(POSSIBLE_CPUS, 'latin1'));
    const element = new MapElement(this.loaded.map('counts'), 8 * cpus);
    const sums = COUNTERS.map((_, key) => {
      const each = element.read(key);
      let sum = 0;
      for (let cpu = 0; cpu < cpus; cpu++) sum += Number(each.readBigUInt64LE(8 * cpu));
      return sum;
    });
    return toCounts(sums);
  }

  /** Ends the programs, takes what is left, returns the last counts. Call once. */
  async close(): Promise<Counts> {
    this.loaded.detach();
    this.#isOpen = false;
    await this.#polling?.catch(() => undefined); // told to whoever listens
    try {
      while (this.#ring.take(RECORDS_AT_ONCE, this.#take) > 0) this.#batch();
      return this.counts();
    } finally {
      this.#ring.close();
      this.loaded.close();
    }
  }

  async #poll(): Promise<void> {
    while (this.#isOpen) {
      const taken = this.#ring.take(RECORDS_AT_ONCE, this.#take);
      if (taken > 0) this.#batch();
      const isBehind = taken === RECORDS_AT_ONCE;
      await new Promise((resolve) => {
        if (isBehind) setImmediate(resolve);
        else setTimeout(resolve, POLL_MS);
      });
    }
  }
}

/** How many CPUs per-CPU maps have room for: `0-3` is 4. */
export function possibleCpus(list: string): number {
  const last = /(\d+)\s*$/.exec(list)?.[1];
  return last === undefined ? 1 : Number(last) + 1;
}

function toCounts(sums: readonly number[]): Counts {
  const named = new Map(COUNTERS.map((name, i) => [name, sums[i]]));
  const of = (name: (typeof COUNTERS)[number]): number => named.get(name) ?? 0;
  return {
    calls: of('calls'),
    rows: of('rows'),
    returns: of('returns'),
    lostRows: of('lostRows'),
    lostReturns: of('lostReturns'),
    unreadable: of('unreadable'),
    beyond: of('beyond'),
    untracked: of('untracked'),
    probes: of('probes'),
    lostProbes: of('lostProbes'),
  };
}
