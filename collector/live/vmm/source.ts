// The live `vmm` source: VMMs' own ioctls, by the first tap that this host has what it takes for.

import { release } from 'node:os';

import { ToolError, formatCount, type Terminal } from '../../base/index.ts';
import type { Listening, LiveSource } from '../live-source.ts';
import type { Merger } from '../merger.ts';
import { taps } from './index.ts';
import { namesOf, processesEnd, requireProcesses } from './processes.ts';
import type { OpenTap, Tap } from './tap.ts';

/** For each CPU: the taps' own defaults lose most of a fast stream. */
const BUFFER_BYTES = 16 * 2 ** 20;

export const vmmLive: LiveSource = {
  name: 'vmm',
  summary:
    "a VMM's own ioctls: every entry of IOMMU_HWPT_INVALIDATE, and unmaps, with their results",
  usage:
    '--pid PID[,PID…] [--buffer SIZE], as root; by bpftrace, or where there is none by kprobes on iommufd',
  async attach(options, merger) {
    const { pids, terminal, bufferBytes } = options;
    if (pids.length === 0) {
      throw new ToolError('E_USAGE', "source 'vmm' needs a process", { hint: this.usage });
    }
    requireProcesses(pids);
    const names = namesOf(pids);
    const { tap, reasons } = chooseTap(taps);
    for (const reason of reasons) terminal.story(reason);
    const open = await tap.open({ pids, merger, bufferBytes: bufferBytes ?? BUFFER_BYTES });
    terminal.story(`listening to ${names} by ${tap.name}`);
    return listening(open, { pids, names, merger, terminal });
  },
  async restore() {
    return taps
      .flatMap((tap) => tap.restore?.() ?? [])
      .map((what) => ({ what, result: 'restored' as const }));
  },
};

/** The first tap that lacks nothing, and why those before it do not serve. Throws ToolError. */
export function chooseTap(among: readonly Tap[]): {
  readonly tap: Tap;
  readonly reasons: readonly string[];
} {
  const lacking: ToolError[] = [];
  for (const tap of among) {
    const missing = tap.missing();
    if (missing === undefined) return { tap, reasons: lacking.map(({ message }) => message) };
    lacking.push(missing);
  }
  const said = lacking.map(({ message }) => message).join('; ');
  throw new ToolError('E_NOT_SUPPORTED', `${said}; nothing was started`, {
    hint: lacking.flatMap(({ hint }) => hint ?? []).join('; or '),
  });
}

interface Listened {
  readonly pids: readonly number[];
  readonly names: string;
  readonly merger: Merger;
  readonly terminal: Terminal;
}

function listening(tap: OpenTap, { pids, names, merger, terminal }: Listened): Listening {
  return {
    async run(signal, step) {
      tap.onRows = step;
      // A tap goes on when the processes it watches have ended: that is for us to notice.
      await Promise.race([processesEnd(pids, signal), tap.ended]);
    },
    async detach() {
      await tap.close();
      const { lost } = merger.tally();
      if (lost > 0) terminal.warn(`the tap lost ${formatCount(lost)} entries or returns`);
    },
    facts: () => ({
      kernel: release(),
      guest: names,
      detail: tap.detail,
      pairs: [
        {
          at: String(process.hrtime.bigint()),
          other: 'realtime',
          other_at: String(BigInt(Date.now()) * 1_000_000n),
        },
      ],
    }),
  };
}
