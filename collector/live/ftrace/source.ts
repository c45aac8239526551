// The live `ftrace` source: the IOMMU tracepoints of this kernel, through an instance of our own, as the
// text of trace_pipe, which the kernel merges from its CPUs in time order.

import { closeSync, constants, existsSync, openSync, readSync, readdirSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

import { ToolError, formatCount, systemErrorCode } from '../../base/index.ts';
import { EVENT_ROLES } from '../../sources/ftrace/guest-events.ts';
import { ftraceText } from '../../sources/ftrace/text.ts';
import type { Listening, LiveOptions, LiveSource } from '../live-source.ts';
import type { Lane, Merger } from '../merger.ts';
import { TraceInstance, hasTracefs, removeOrphans, tracefsRoot } from './instance.ts';

const CHUNK_BYTES = 256 * 1024;
const POLL_MS = 10;
const CLOCK = 'mono';

export const ftraceLive: LiveSource = {
  name: 'ftrace',
  summary: "this kernel's tracepoints (intel_iommu, iommu), in a guest or on a host",
  usage: '[--buffer SIZE], as root',
  async attach(options, merger) {
    const root = tracefsRoot();
    const events = usableEvents(root);
    const instance = new TraceInstance(root);
    try {
      return listen(instance, events, { options, merger });
    } catch (error) {
      instance.remove();
      throw error;
    }
  },
  async restore() {
    if (!hasTracefs()) return [];
    return removeOrphans(tracefsRoot()).map((what) => ({ what, result: 'restored' }));
  },
};

/** `system/name` of the events that this kernel has. Throws ToolError where it has none of use. */
export function usableEvents(root: string): readonly string[] {
  const here = EVENT_ROLES.map(({ system, name }) => `${system}/${name}`).filter((event) =>
    existsSync(join(root, 'events', event)),
  );
  if (here.includes('intel_iommu/qi_submit') || here.includes('iommu/unmap')) return here;
  const others = readdirSync(join(root, 'events')).filter((name) => /iommu|smmu|vfio/.test(name));
  throw new ToolError(
    'E_NOT_SUPPORTED',
    `this kernel has neither intel_iommu:qi_submit nor iommu:unmap; nothing was changed. It has: ${others.join(', ') || 'no IOMMU events at all'}`,
    { hint: 'a kernel with CONFIG_IOMMU_API and CONFIG_FTRACE is needed' },
  );
}

function listen(
  instance: TraceInstance,
  events: readonly string[],
  to: { readonly options: LiveOptions; readonly merger: Merger },
): Listening {
  const { options, merger } = to;
  const lane = merger.open(ftraceText);
  instance.set('trace_clock', CLOCK);
  instance.set('buffer_size_kb', String(Math.ceil(options.bufferBytes / 1024)));
  lane.push(Buffer.from(`# clock: ${CLOCK}\n`));
  const pipe = openSync(
    join(instance.path, 'trace_pipe'),
    constants.O_RDONLY | constants.O_NONBLOCK,
  );
  const chunk = new Uint8Array(CHUNK_BYTES);
  const take = (): boolean => {
    const got = readNow(pipe, chunk);
    if (got > 0) lane.push(chunk.subarray(0, got));
    return got > 0;
  };
  for (const event of events) instance.set(`events/${event}/enable`, '1');
  if (!events.includes('intel_iommu/qi_submit')) {
    options.terminal.warn(
      'this kernel has no intel_iommu:qi_submit: iommu:unmap shows ranges, but neither domains nor waits',
    );
  }
  options.terminal.story(`listening to ${events.join(', ')}, clock ${CLOCK}`);
  return {
    async run(signal, step) {
      while (!signal.aborted) {
        if (take()) step();
        else await setTimeout(POLL_MS);
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    async detach() {
      instance.set('tracing_on', '0');
      while (take());
      closeSync(pipe);
      lane.end();
      const unseen = reconcile(instance, lane);
      instance.remove();
      if (unseen > 0) {
        options.terminal.warn(
          `the kernel's buffers lost ${formatCount(unseen)} events; larger ones (--buffer) lose fewer`,
        );
      }
    },
    facts: () => ({
      kernel: release(),
      detail: `own tracefs instance, ${events.length} events`,
      pairs: [clockPair()],
    }),
  };
}

/** The kernel's own count is the truth: what the text did not tell of it is added, CPU by CPU. */
function reconcile(instance: TraceInstance, lane: Lane): number {
  const cpus = instance.losses();
  const lost = cpus.reduce((sum, cpu) => sum + cpu.lost, 0);
  const told = lane.losses.lost;
  let missing = Math.max(0, lost - told);
  for (const cpu of cpus) {
    const here = Math.min(missing, cpu.lost);
    if (here > 0) lane.losses.add(cpu.cpu, 'cpu', 'lost in the kernel buffer', here);
    missing -= here;
  }
  return lost;
}

/** Readings of the monotonic clock and of the time of day, taken together. */
function clockPair(): { readonly at: string; readonly other: string; readonly other_at: string } {
  const at = process.hrtime.bigint(); // CLOCK_MONOTONIC, as the trace clock mono
  return { at: String(at), other: 'realtime', other_at: String(BigInt(Date.now()) * 1_000_000n) };
}

function readNow(fd: number, chunk: Uint8Array): number {
  try {
    return readSync(fd, chunk);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'EAGAIN' || code === 'EINTR') return 0;
    throw error;
  }
}
