// What each way of watching costs who is watched, from inside a process that makes one call, fires one static
// probe or writes one log line after another and times each; and what the reader takes and loses at speed.

import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  closeSync,
  constants,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  rmdirSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

import { formatCount } from '../../collector/base/index.ts';
import { missingForBpf } from '../../collector/live/bpf/support.ts';
import { missingForVmm } from '../../collector/live/vmm/source.ts';
import { readNow } from '../../collector/live/read-now.ts';
import { tracefsRoot } from '../../collector/live/ftrace/instance.ts';
import { readEnvironment } from '../../replayer/result/environment.ts';
import { buildCaller, Caller, noCompiler, type CallerTimes } from '../support/caller.ts';
import { startIotlb, until } from '../support/running-cli.ts';
import type { Bench } from './bench.ts';

const ROUNDS = 5;
/** Calls of a round, and the time between their begins. */
const SLOW = { count: 20_000, gapNs: 50_000 } as const;
const FAST = { count: 500_000, gapNs: 10_000 } as const;
/** USER_HZ of every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

type Mode = 'ioctl' | 'probe' | 'log';

interface Arm {
  readonly name: string;
  readonly mode: Mode;
  /** Against which its call time is set. */
  readonly base: string;
  readonly missing: () => string | false;
  readonly watch: (work: Work) => Promise<Watched>;
}

interface Work {
  readonly program: string;
  readonly folder: string;
  readonly pace: { readonly count: number; readonly gapNs: number };
}

interface Watched {
  readonly times: CallerTimes;
  /** Rows lost, and the reader's CPU time in seconds, where there is a reader of ours. */
  readonly lost?: number;
  readonly readerSeconds?: number;
}

const arms: readonly Arm[] = [
  alone('call', 'ioctl'),
  {
    name: 'call, ftrace',
    mode: 'ioctl',
    base: 'call',
    missing: () => missingForVmm()?.message ?? false,
    watch: underFtrace,
  },
  {
    name: 'call, tap',
    mode: 'ioctl',
    base: 'call',
    missing: () => missingForVmm()?.message ?? false,
    // An entry and a return for each call.
    watch: (work) => recorded(work, 'ioctl', { args: ['--source', 'vmm'], rowsOfACall: 2 }),
  },
  alone('event, off', 'probe'),
  {
    name: 'event, static probe',
    mode: 'probe',
    base: 'event, off',
    missing: () => missingForBpf()?.message ?? false,
    watch: (work) => recorded(work, 'probe', { args: [], rowsOfACall: 1 }),
  },
  { name: 'event, log', mode: 'log', base: 'event, off', missing: () => false, watch: toLog },
];

export const tapBench: Bench = {
  name: 'tap',
  summary: 'what a call or event costs unwatched, under ftrace, the tap, static probes and the log',
  async run({ rounds = ROUNDS, only, story }) {
    const reason = noCompiler();
    if (reason !== false) throw new Error(reason);
    const notes = [
      `${formatCount(SLOW.count)} calls a round at ${formatCount(1e9 / SLOW.gapNs)} a second, timed from inside by one program; the ways in turn, ${rounds} rounds; medians over the rounds (p99: the median of the rounds' own)`,
      'goal: at most 1 µs added to a call by the tap, at most 0.2 of a core for its reader at 100,000 calls/s, nothing lost',
      "event: one line of QEMU's vtd_inv_desc; the log goes to a pipe that is read, as the recorder has it",
    ];
    const folder = mkdtempSync(join(tmpdir(), 'iotlb-bench-'));
    try {
      const program = buildCaller();
      const usable = arms.filter((arm) => {
        if (only?.includes(arm.name) === false) return false;
        const missing = arm.missing();
        if (missing !== false) notes.push(`${arm.name}: not measured: ${missing}`);
        return missing === false;
      });
      const samples: Sample[] = [];
      for (let round = 0; round < rounds; round++) {
        story(`round ${round + 1} of ${rounds}`);
        for (const arm of usable) {
          const watched = await arm.watch({ program, folder, pace: SLOW });
          samples.push({ arm: arm.name, round, pace: 'slow', ...watched });
        }
      }
      const readers = usable.filter(({ name }) => /tap|probe/.test(name));
      for (const arm of readers) {
        story(`${arm.name}, ${formatCount(1e9 / FAST.gapNs)} a second`);
        const watched = await arm.watch({ program, folder, pace: FAST });
        samples.push({ arm: arm.name, round: 0, pace: 'fast', ...watched });
      }
      return {
        tables: [
          { title: 'Cost to who is watched', rows: costRows(usable, samples) },
          { title: 'The reader', rows: readerRows(samples) },
        ],
        notes,
        environment: readEnvironment(),
        samples,
      };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

interface Sample extends Watched {
  readonly arm: string;
  readonly round: number;
  readonly pace: 'slow' | 'fast';
}

function alone(name: string, mode: Mode): Arm {
  return {
    name,
    mode,
    base: name,
    missing: () => false,
    async watch({ program, pace }) {
      const caller = await Caller.start(program, mode, pace);
      return { times: await caller.run() };
    },
  };
}

/** Both tracepoints of ioctl into a tracefs instance that nobody reads. */
async function underFtrace({ program, pace }: Work): Promise<Watched> {
  const instance = join(tracefsRoot(), 'instances', `iotlb-bench-${process.pid}`);
  mkdirSync(instance);
  const set = (value: string): void => {
    for (const event of ['sys_enter_ioctl', 'sys_exit_ioctl'])
      appendFileSync(join(instance, 'events/syscalls', event, 'enable'), value);
  };
  try {
    const caller = await Caller.start(program, 'ioctl', pace);
    set('1');
    const times = await caller.run();
    set('0');
    return { times };
  } finally {
    rmdirSync(instance);
  }
}

async function recorded(
  { program, folder, pace }: Work,
  mode: Mode,
  { args, rowsOfACall }: { readonly args: readonly string[]; readonly rowsOfACall: number },
): Promise<Watched> {
  const caller = await Caller.start(program, mode, pace);
  const output = ['--force', '-o', join(folder, 'tap.arrow'), '--json'];
  const recorder = startIotlb(['record', ...args, '--pid', String(caller.pid), ...output]);
  let said = '';
  recorder.process.stderr?.on('data', (bytes: Buffer) => (said += bytes.toString()));
  await until('the recorder', () => (said.includes('listening to') ? true : undefined));
  const pid = recorder.process.pid ?? 0;
  const before = cpuSeconds(pid);
  const times = await caller.run();
  const readerSeconds = cpuSeconds(pid) - before;
  const { stdout } = await recorder.ended;
  const { kept } = JSON.parse(stdout) as { kept: number };
  return { times, readerSeconds, lost: rowsOfACall * times.calls - kept };
}

/** Into a pipe that is read as the recorder reads it. */
async function toLog({ program, folder, pace }: Work): Promise<Watched> {
  const log = join(folder, 'log');
  rmSync(log, { force: true });
  spawnSync('mkfifo', [log]);
  const fd = openSync(log, constants.O_RDWR | constants.O_NONBLOCK);
  try {
    const caller = await Caller.start(program, 'log', { ...pace, log });
    const over = new AbortController();
    const reading = readUntil(fd, over.signal);
    const times = await caller.run();
    over.abort();
    await reading;
    return { times };
  } finally {
    closeSync(fd);
  }
}

async function readUntil(fd: number, signal: AbortSignal): Promise<void> {
  const chunk = new Uint8Array(256 * 1024);
  while (!signal.aborted) if (readNow(fd, chunk) === 0) await setTimeout(1);
}

function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

function costRows(usable: readonly Arm[], samples: readonly Sample[]): string[][] {
  const slow = (name: string, of: (times: CallerTimes) => number): number =>
    median(
      samples.flatMap(({ arm, pace, times }) => (arm === name && pace === 'slow' ? of(times) : [])),
    );
  const rows = usable.map(({ name, base }) => {
    const [p50, p99] = [slow(name, (times) => times.p50), slow(name, (times) => times.p99)];
    const [basep50, basep99] = [slow(base, (times) => times.p50), slow(base, (times) => times.p99)];
    return [
      ...[name, microseconds(p50), microseconds(p99)],
      ...[
        microseconds(p50 - basep50),
        `${(p50 / basep50).toFixed(1)} ×`,
        microseconds(p99 - basep99),
      ],
    ];
  });
  return [['', 'p50 µs', 'p99 µs', 'added at p50', 'ratio', 'added at p99'], ...rows];
}

function readerRows(samples: readonly Sample[]): string[][] {
  const rows = samples.flatMap(({ arm, pace, times, lost, readerSeconds }) => {
    if (lost === undefined || readerSeconds === undefined) return [];
    const { count, gapNs } = pace === 'slow' ? SLOW : FAST;
    const seconds = (count * gapNs) / 1e9;
    const share = (readerSeconds / seconds).toFixed(2);
    return [[arm, formatCount(1e9 / gapNs), formatCount(times.calls), formatCount(lost), share]];
  });
  return [['', 'a second', 'calls', 'rows lost', 'of a core'], ...rows];
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted.at(Math.ceil(sorted.length / 2) - 1) ?? Number.NaN;
}

const microseconds = (ns: number): string => (ns / 1000).toFixed(2);
