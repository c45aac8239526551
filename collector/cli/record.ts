// `iotlb record`: listens to something that runs, until Ctrl-C, a duration or a size.

import { performance } from 'node:perf_hooks';

import {
  Output,
  ToolError,
  formatCount,
  formatDuration,
  formatRate,
  formatSize,
  jsonText,
  parseCount,
  parseDurationNs,
  parseSizeBytes,
  watchInterrupt,
  type StatusLine,
  type Terminal,
  type VerbModule,
} from '../base/index.ts';
import { existingParts, partPath } from '../live/parts.ts';
import { liveSources } from '../live/index.ts';
import type { Merger } from '../live/merger.ts';
import type { Restored } from '../live/live-source.ts';
import { writeMetrics } from '../live/metrics.ts';
import type { HoldOptions } from '../live/flight-recorder.ts';
import type { RowSink } from '../live/recorder.ts';
import { recordSession, type SessionEnd, type SessionOptions } from '../live/session.ts';

interface Options {
  readonly output: string;
  readonly source: string;
  readonly log?: string;
  readonly follow: boolean;
  readonly qmp?: string;
  readonly libvirt?: string;
  readonly wait: boolean;
  readonly pid?: string;
  readonly doorbells: boolean;
  readonly maps: boolean;
  readonly buffer?: string;
  readonly duration?: string;
  readonly size?: string;
  readonly rotate?: string;
  readonly keep?: string;
  readonly last?: string;
  readonly lastWhen?: string;
  readonly lastSize: string;
  readonly metrics?: string;
  readonly restore: boolean;
  readonly force: boolean;
  readonly json: boolean;
}

export const define: VerbModule['define'] = (command, terminal) => {
  command
    .option('-o, --output <file>', 'the recording to write', 'recording.arrow')
    .option('--source <name>', `what to listen to: ${liveSources.names.join(', ')}`, 'qemu')
    .option('--log <file>', "qemu: a log of QEMU's; - for standard input")
    .option('--follow', 'qemu: wait for more at the end of the log', false)
    .option('--qmp <sockets>', 'qemu: attach to running QEMUs over their QMP sockets (a,b,…)')
    .option(
      '--libvirt <guests>',
      "qemu: attach to running guests of libvirt's (a,b,…), through virsh",
    )
    .option('--wait', 'with --libvirt: wait until the guests run', false)
    .option('--doorbells', 'qemu: record doorbells too (one more log line a submission)', false)
    .option('--maps', 'vmm: record the maps that succeed too', false)
    .option(
      '--pid <pids>',
      'vmm: the processes whose ioctls to record; qemu: QEMUs to record by their static probes (a,b,…)',
    )
    .option(
      '--buffer <size>',
      "a fixed size for the kernel's buffer: of each CPU (ftrace), or of all (vmm, static probes)",
    )
    .option('--duration <time>', 'stop after so long (30s, 10min)')
    .option('--size <size>', 'stop at so many bytes (1GiB)')
    .option('--rotate <size,time>', 'start a new file at a size, a time or both (1GiB,10min)')
    .option('--keep <count>', 'with --rotate: keep so many files, drop the oldest')
    .option('--last <time>', 'hold so much in memory (60s) and write it on SIGUSR1 and at the end')
    .option('--last-when <rate>', 'with --last: write it too when the rate passes so many events/s')
    .option('--last-size <size>', 'with --last: hold at most so much', '256MiB')
    .option('--metrics <file>', 'keep metrics for Prometheus in this file (textfile collector)')
    .option('--restore', 'put back what killed recorders left attached, and end', false)
    .option('--force', 'overwrite the output', false)
    .option('--json', 'print what was recorded as one JSON document', false)
    .addHelpText('after', help())
    .action(async (options: Options) => {
      await (options.restore ? restore(options.json, terminal()) : run(options, terminal()));
    });
};

function help(): string {
  const sources = liveSources.entries
    .map((entry) => `  ${entry.name.padEnd(8)}${entry.summary}\n          ${entry.usage}`)
    .join('\n');
  return `
Sources:
${sources}

The file can be read at any moment; Ctrl-C or SIGTERM seals it. Memory: one batch of at most 65,536 rows
and what is in flight; 116 MiB in all were seen at 200,000 events a second, 190 MB while sealing.
The kernel's buffers (ftrace): 8 MiB a CPU, growing with the rate to at most 128 MiB a CPU and a sixteenth of
the memory in all; --buffer fixes them. For vmm and static probes: 16 MiB in all.`;
}

async function run(options: Options, terminal: Terminal): Promise<void> {
  const rotate = options.rotate === undefined ? undefined : parseRotate(options.rotate);
  if (options.last !== undefined && rotate !== undefined) {
    throw new ToolError('E_USAGE', '--last holds one stretch: it cannot be rotated');
  }
  if (options.keep !== undefined && rotate === undefined) {
    throw new ToolError('E_USAGE', '--keep says how many rotated files to keep: it needs --rotate');
  }
  const rules = {
    force: options.force,
    inputs: [options.log ?? '', ...(options.qmp ?? '').split(',')].filter((path) => path !== ''),
  };
  const outputs =
    rotate === undefined && options.last === undefined
      ? [options.output]
      : [partPath(options.output, 1), ...existingParts(options.output)];
  for (const path of outputs) Output.check(path, rules);
  const source = liveSources.get(options.source);
  const status = terminal.status();
  using interrupt = watchInterrupt();
  const session: SessionOptions = {
    source,
    live: {
      log: options.log,
      follow: options.follow,
      qmp: namesOf(options.qmp),
      libvirt: namesOf(options.libvirt),
      wait: options.wait,
      pids: (options.pid ?? '').split(',').flatMap(pidOf),
      doorbells: options.doorbells,
      maps: options.maps,
      bufferBytes:
        options.buffer === undefined ? undefined : parseSizeBytes(options.buffer, '--buffer'),
      terminal,
      signal: interrupt.signal,
    },
    recorder: {
      output: options.output,
      ...rules,
      rotate,
      keep: options.keep === undefined ? Number.POSITIVE_INFINITY : keepCount(options.keep),
    },
    hold: holdOf(options),
    durationNs:
      options.duration === undefined ? undefined : parseDurationNs(options.duration, '--duration'),
    sizeBytes: options.size === undefined ? undefined : parseSizeBytes(options.size, '--size'),
    commandLine: ['iotlb', ...process.argv.slice(2)].join(' '),
    signal: interrupt.signal,
    onStep: progressOf(status, options),
  };
  try {
    const end = await recordSession(session);
    status.stop();
    tell(end, options.json, terminal);
  } finally {
    status.stop();
  }
}

async function restore(json: boolean, terminal: Terminal): Promise<void> {
  const restored: Restored[] = [];
  for (const source of liveSources.entries) restored.push(...((await source.restore?.()) ?? []));
  if (json) terminal.answer(jsonText(restored, 2));
  else if (restored.length === 0) terminal.answer('nothing to put back');
  else for (const { what, result } of restored) terminal.answer(`${what}: ${result}`);
  for (const { what, earlier_log: earlier } of restored)
    if (earlier !== undefined)
      terminal.warn(`${what}: its log was emptied; what it held is in ${earlier}`);
}

/** `1GiB,10min` in any order, either part alone too. */
function parseRotate(text: string): { readonly bytes: number; readonly ns: number } {
  let bytes = Number.POSITIVE_INFINITY;
  let ns = Number.POSITIVE_INFINITY;
  for (const part of text.split(',')) {
    if (part.endsWith('B')) bytes = parseSizeBytes(part, '--rotate');
    else ns = parseDurationNs(part, '--rotate');
  }
  return { bytes, ns };
}

function holdOf({ last, lastWhen, lastSize }: Options): HoldOptions | undefined {
  if (last === undefined) {
    if (lastWhen === undefined) return undefined;
    throw new ToolError('E_USAGE', '--last-when needs --last TIME');
  }
  return {
    ns: parseDurationNs(last, '--last'),
    bytes: parseSizeBytes(lastSize, '--last-size'),
    rate: lastWhen === undefined ? Number.POSITIVE_INFINITY : parseCount(lastWhen, '--last-when'),
  };
}

function namesOf(list = ''): readonly string[] {
  return list.split(',').filter((name) => name !== '');
}

function pidOf(text: string): readonly number[] {
  if (text === '') return [];
  const pid = parseCount(text, '--pid');
  if (pid < 1) throw new ToolError('E_USAGE', `--pid: ${text} is no process`);
  return [pid];
}

function keepCount(text: string): number {
  const count = parseCount(text, '--keep');
  if (count < 1) throw new ToolError('E_USAGE', '--keep: at least one file has to stay');
  return count;
}

const PROGRESS_NS = 500e6;
const METRICS_NS = 5e9;

function progressOf(
  status: StatusLine,
  { metrics, source }: Options,
): (recorder: RowSink, merger: Merger) => void {
  const started = performance.now() * 1e6;
  let last = started;
  let lastKept = 0;
  let lastEvent = started;
  let lastMetrics = 0;
  return (recorder, merger) => {
    const now = performance.now() * 1e6;
    if (now - last < PROGRESS_NS) return;
    const { kept, lost, skipped } = merger.tally();
    const rate = ((kept - lastKept) / (now - last)) * 1e9;
    if (kept > lastKept) lastEvent = now;
    last = now;
    lastKept = kept;
    if (metrics !== undefined && now - lastMetrics >= METRICS_NS) {
      lastMetrics = now;
      writeMetrics(metrics, {
        source,
        kept,
        lost,
        skipped,
        bytes: recorder.doneBytes + recorder.bytes,
        parts: recorder.parts.length,
        eventsPerSecond: rate,
        quietSeconds: (now - lastEvent) / 1e9,
      });
    }
    status.update(
      `recording ${formatDuration(now - started)} · ${formatCount(kept)} events · ${formatRate(rate)} · ${formatCount(lost)} lost · ${formatSize(recorder.doneBytes + recorder.bytes)} · ${recorder.path}`,
    );
  };
}

function tell(end: SessionEnd, json: boolean, terminal: Terminal): void {
  const { recorder, merger, reason } = end;
  const tally = merger.tally();
  const paths = recorder.parts.map((part) => part.path);
  if (json) {
    const parts = recorder.parts.map(({ path, tally: of }) => ({ path, ...of }));
    terminal.answer(
      jsonText({ ended_by: reason, ...tally, parts, removed_parts: recorder.removedParts }, 2),
    );
  } else {
    terminal.answer(paths.join('\n'));
  }
  terminal.story(
    `${formatCount(tally.kept)} events kept of ${formatCount(tally.seen)} seen, ${formatCount(tally.lost)} lost; ended by ${reason}`,
  );
  if (tally.lost > 0)
    terminal.warn(`${formatCount(tally.lost)} events lost; 'iotlb info' shows where`);
  if (tally.kept === 0) terminal.warn('nothing was recorded: the source showed no invalidations');
  for (const { path, reason: why } of recorder.unsealed) {
    terminal.warn(`${path}: could not be sealed and stays a stream, which reads as well: ${why}`);
  }
}
