// QEMU's static probes by uprobes: no monitor, no log, nothing of QEMU's is changed. Where its binary has the
// probes but no log backend this is the only way to see its trace events.

import { ToolError, formatCount, formatSize, type Terminal } from '../../base/index.ts';
import { qemuLog } from '../../sources/qemu/log.ts';
import { ProbeLines, probeArguments } from '../../sources/qemu/probe-lines.ts';
import { HEAD } from '../../sources/vmm/layout.ts';
import type { StaticProbe } from '../bpf/notes.ts';
import { missingForBpf } from '../bpf/support.ts';
import type { BpfTap, TapReader } from '../bpf/tap.ts';
import type { Listening } from '../live-source.ts';
import type { Lane, Merger } from '../merger.ts';
import { likelyReason, processBytes, watchSilence } from '../silence.ts';
import { namesOf, processesEnd, requireProcesses } from '../vmm/processes.ts';
import { backendsOf, binaryOf, guestNameOf } from './backends.ts';
import { liveEvents } from './events.ts';

const RING_BYTES = 16 * 2 ** 20;

export interface ProbeOptions {
  readonly doorbells: boolean;
  readonly bufferBytes: number | undefined;
  readonly terminal: Terminal;
}

interface Guest {
  readonly name: string;
  readonly lane: Lane;
  readonly lines: ProbeLines;
}

/** Attaches to the probes of all `pids` or of none. Throws ToolError. */
export async function listenToProbes(
  pids: readonly number[],
  merger: Merger,
  options: ProbeOptions,
): Promise<Listening> {
  const { terminal } = options;
  requireProcesses(pids);
  const missing = missingForBpf();
  if (missing !== undefined) throw missing;
  const events = liveEvents(options.doorbells);
  const probes = new Map(pids.map((pid) => [pid, requireProbes(pid, events)]));
  const [{ BpfTap: Tap }, { attachSite }, { wallOffsetNs }] = await Promise.all([
    import('../bpf/tap.ts'), // these load the FFI, which --help must not
    import('../bpf/probe.ts'),
    import('../bpf/kernel.ts'),
  ]);
  const reader = new GuestReader(pids, merger, { events, offsetNs: wallOffsetNs() });
  const unreadable = new Set<string>();
  const ringBytes = options.bufferBytes ?? RING_BYTES;
  const tap = Tap.open('probes', { ringBytes, reader }, (fresh) => {
    for (const [pid, found] of probes) {
      fresh.aim(pid);
      for (const probe of found) {
        const site = { ...siteOf(probe, events), pid, path: binaryOf(pid), probe };
        if (!attachSite(fresh, site)) unreadable.add(`${probe.name} (${probe.args})`);
      }
    }
  });
  for (const what of unreadable) {
    terminal.warn(`probe ${what}: an argument cannot be read there, so its events are missing`);
  }
  terminal.story(`listening to the static probes of ${namesOf(pids)}; QEMU is not changed`);
  return listening(tap, reader, { pids, terminal });
}

/** Several guests' records, each to its own lane. */
class GuestReader implements TapReader {
  onRows: () => void = () => undefined;
  readonly guests: ReadonlyMap<number, Guest>;
  #lost = 0;

  constructor(
    pids: readonly number[],
    merger: Merger,
    { events, offsetNs }: { readonly events: readonly string[]; readonly offsetNs: bigint },
  ) {
    this.guests = new Map(
      pids.map((pid) => {
        const name = guestNameOf(pid) ?? `pid ${pid}`;
        const lane = merger.open(qemuLog, () => (pids.length > 1 ? name : ''));
        const lines = new ProbeLines(events, { losses: lane.losses, offsetNs });
        return [pid, { name, lane, lines }];
      }),
    );
  }

  readonly record = (bytes: Uint8Array, words: Uint32Array, at: number): void => {
    const head = at / 4;
    const guest = this.guests.get(words[head + HEAD.process]);
    if (guest === undefined) return;
    this.#lose(guest, words[head + HEAD.lost]);
    guest.lines.take(bytes, words, at);
  };

  readonly batch = (): void => {
    for (const { lane, lines } of this.guests.values()) lane.push(lines.lines());
    this.onRows();
  };

  /** Nothing more comes; `lost` by the programs' own count. */
  end(lost: number): void {
    const [first] = this.guests.values();
    if (first !== undefined) this.#lose(first, lost);
    this.batch();
    for (const { lane } of this.guests.values()) lane.end();
  }

  #lose(guest: Guest, soFar: number): void {
    if (soFar > this.#lost) guest.lines.lose(soFar - this.#lost);
    this.#lost = Math.max(this.#lost, soFar);
  }
}

function listening(
  tap: BpfTap,
  reader: GuestReader,
  { pids, terminal }: { readonly pids: readonly number[]; readonly terminal: Terminal },
): Listening {
  return {
    async run(signal, step) {
      reader.onRows = step;
      for (const pid of pids) {
        watchSilence({
          signal,
          events: () => reader.guests.get(pid)?.lane.losses.seen ?? 0,
          moved: async () => processBytes(pid),
          tell: (rate) =>
            terminal.warn(
              `process ${pid}: no event for 30 s while it moves ${formatSize(rate)}/s: ${likelyReason(pid)}`,
            ),
        });
      }
      await Promise.race([processesEnd(pids, signal), tap.listen()]);
    },
    async detach() {
      reader.onRows = () => undefined;
      const { lostProbes } = await tap.close();
      reader.end(lostProbes);
      if (lostProbes > 0) {
        terminal.warn(
          `${formatCount(lostProbes)} events lost: the ring buffer was full (--buffer enlarges it)`,
        );
      }
    },
    facts: () => ({
      detail: 'static probes',
      guest: [...reader.guests.values()].map(({ name }) => name).join(', '),
    }),
  };
}

/** The probes of a process that carry the stream. Throws ToolError where it has none. */
function requireProbes(pid: number, events: readonly string[]): readonly StaticProbe[] {
  const backends = backendsOf(pid);
  if (backends === undefined) {
    throw new ToolError(
      'E_PERMISSION',
      `the binary of process ${pid} cannot be read; nothing was started`,
      { hint: 'record as root' },
    );
  }
  const found = backends.probes.filter(({ name }) => events.includes(name));
  if (found.length > 0) return found;
  throw new ToolError(
    'E_NOT_SUPPORTED',
    `process ${pid} is no QEMU with static probes of an emulated IOMMU; nothing was started`,
    {
      hint: backends.log
        ? 'it has the log backend: record it with --qmp SOCKET or --libvirt GUEST'
        : "it was built without the 'dtrace' and 'log' trace backends, or without such a device",
    },
  );
}

function siteOf(
  { name }: StaticProbe,
  events: readonly string[],
): { readonly index: number; readonly texts: number } {
  const kinds = probeArguments(name) ?? [];
  const texts = kinds.reduce((bits, kind, i) => (kind === 's' ? bits | (1 << i) : bits), 0);
  return { index: events.indexOf(name), texts };
}
