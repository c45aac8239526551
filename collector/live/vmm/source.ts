// The live `vmm` source: VMMs' own ioctls, by BPF programs of our own.

import { release } from 'node:os';

import { ToolError, formatCount, formatSize, type Terminal } from '../../base/index.ts';
import { SETTING } from '../../sources/vmm/layout.ts';
import { VmmRecords } from '../../sources/vmm/records.ts';
import type { BpfTap } from '../bpf/tap.ts';
import { missingForBpf, missingForTracepoints } from '../bpf/support.ts';
import type { LiveOptions, Listening, LiveSource } from '../live-source.ts';
import type { Merger } from '../merger.ts';
import { namesOf, processesEnd, requireProcesses } from './processes.ts';

/** Of the ring buffer, which all CPUs share: more than half a second of 100,000 one-entry calls a second. */
const RING_BYTES = 16 * 2 ** 20;

export const vmmLive: LiveSource = {
  name: 'vmm',
  summary:
    "a VMM's own ioctls: every entry of IOMMU_HWPT_INVALIDATE, and unmaps, with their results",
  usage: '--pid PID[,PID…] [--maps] [--buffer SIZE], as root',
  async attach(options, merger) {
    const { pids, terminal, bufferBytes } = options;
    if (pids.length === 0) {
      throw new ToolError('E_USAGE', "source 'vmm' needs a process", { hint: this.usage });
    }
    requireProcesses(pids);
    const missing = missingForVmm();
    if (missing !== undefined) throw missing;
    const names = namesOf(pids);
    const open = await openTap(merger, bufferBytes ?? RING_BYTES, options);
    terminal.story(
      `listening to ${names}, ring buffer of ${formatSize(open.tap.ringBytes)}; the processes are not touched`,
    );
    return listening(open, { pids, names, merger, terminal });
  },
};

/** What this host lacks for the tap; undefined where it lacks nothing. */
export function missingForVmm(): ToolError | undefined {
  return missingForBpf() ?? missingForTracepoints('syscalls/sys_enter_ioctl');
}

interface OpenVmm {
  readonly tap: BpfTap;
  readonly records: VmmRecords;
  readonly take: () => void;
  onRows: () => void;
}

async function openTap(
  merger: Merger,
  ringBytes: number,
  { pids, maps }: Pick<LiveOptions, 'pids' | 'maps'>,
): Promise<OpenVmm> {
  const { BpfTap } = await import('../bpf/tap.ts'); // loads the FFI, which --help must not
  const { source: records, take } = merger.join((rows) => new VmmRecords(rows));
  const reader = {
    record: (bytes: Uint8Array, words: Uint32Array, at: number): void =>
      records.take(bytes, words, at),
    batch: (): void => {
      take();
      open.onRows();
    },
  };
  const tap = BpfTap.open('ioctls', { ringBytes, reader }, (fresh) => {
    if (maps) fresh.set(SETTING.maps);
    for (const pid of pids) fresh.aim(pid);
    fresh.loaded.attachTracepoints();
  });
  const open: OpenVmm = { tap, records, take, onRows: () => undefined };
  return open;
}

interface Listened {
  readonly pids: readonly number[];
  readonly names: string;
  readonly merger: Merger;
  readonly terminal: Terminal;
}

function listening(open: OpenVmm, { pids, names, merger, terminal }: Listened): Listening {
  return {
    async run(signal, step) {
      open.onRows = step;
      // The tap goes on when the processes it watches have ended: that is for us to notice.
      await Promise.race([processesEnd(pids, signal), open.tap.listen()]);
    },
    async detach() {
      open.onRows = () => undefined;
      const counts = await open.tap.close();
      open.records.close(counts);
      open.take();
      if (counts.untracked > 0) {
        terminal.warn(`${formatCount(counts.untracked)} calls have no return: too many at once`);
      }
      const { lost } = merger.tally();
      if (lost > 0) terminal.warn(`the tap lost ${formatCount(lost)} entries or returns`);
    },
    facts: () => ({
      kernel: release(),
      guest: names,
      detail: `BPF programs on pid ${pids.join(', ')}`,
      pairs: [open.tap.clockPair()],
    }),
  };
}
