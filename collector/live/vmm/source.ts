// The live `vmm` source: VMMs' own ioctls, tapped by bpftrace.

import { release } from 'node:os';

import { ToolError, formatCount, type Terminal } from '../../base/index.ts';
import type { Listening, LiveSource } from '../live-source.ts';
import type { Merger } from '../merger.ts';
import { bpftraceTap } from './bpftrace.ts';
import { namesOf, processesEnd, requireProcesses } from './processes.ts';
import type { OpenTap } from './tap.ts';

/** For each CPU: bpftrace's own default loses most of a fast stream. */
const BUFFER_BYTES = 16 * 2 ** 20;

export const vmmLive: LiveSource = {
  name: 'vmm',
  summary:
    "a VMM's own ioctls: every entry of IOMMU_HWPT_INVALIDATE, and unmaps, with their results",
  usage: '--pid PID[,PID…] [--buffer SIZE], as root, with bpftrace installed',
  async attach(options, merger) {
    const { pids, terminal, bufferBytes } = options;
    if (pids.length === 0) {
      throw new ToolError('E_USAGE', "source 'vmm' needs a process", { hint: this.usage });
    }
    requireProcesses(pids);
    const names = namesOf(pids);
    const missing = bpftraceTap.missing();
    if (missing !== undefined) throw missing;
    const open = await bpftraceTap.open({
      pids,
      merger,
      bufferBytes: bufferBytes ?? BUFFER_BYTES,
    });
    terminal.story(`listening to ${names} by ${bpftraceTap.name}`);
    return listening(open, { pids, names, merger, terminal });
  },
};

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
