// The live `vmm` source: a VMM's own ioctls, tapped by a bpftrace program that we write, start and stop.

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { release } from 'node:os';

import { ToolError, formatCount, type Terminal } from '../../base/index.ts';
import { vmmText } from '../../sources/vmm/text.ts';
import type { Listening, LiveSource } from '../live-source.ts';
import type { Lane, Merger } from '../merger.ts';
import { tapProgram } from './program.ts';

/** 16 MiB a CPU: bpftrace's own default loses most of a fast stream. */
const BUFFER_PAGES = '4096';
const START_MS = 60_000;
const ALIVE_MS = 250;

export const vmmLive: LiveSource = {
  name: 'vmm',
  summary:
    "a VMM's own ioctls: every entry of IOMMU_HWPT_INVALIDATE, and unmaps, with their results",
  usage: '--pid PID, as root, with bpftrace installed',
  async attach(options, merger) {
    if (options.pid === undefined) {
      throw new ToolError('E_USAGE', "source 'vmm' needs a process", { hint: this.usage });
    }
    requireTap(options.pid);
    const tap = await startTap(options.pid, merger);
    options.terminal.story(`listening to ${nameOf(options.pid)} (pid ${options.pid})`);
    return listening(tap, options.pid, options.terminal);
  },
};

/** Says what this host lacks. Throws ToolError. */
export function requireTap(pid: number): void {
  const lacks = (what: string, hint: string): ToolError =>
    new ToolError('E_NOT_SUPPORTED', `the tap of a VMM needs ${what}; nothing was started`, {
      hint,
    });
  if (!existsSync(`/proc/${pid}`)) {
    throw new ToolError('E_NOT_FOUND', `no process ${pid}; nothing was started`);
  }
  if (process.getuid?.() !== 0) throw lacks('root', 'run it with sudo');
  if (spawnSync('bpftrace', ['--version']).status !== 0) {
    throw lacks('bpftrace', 'install it (Debian: apt-get install bpftrace)');
  }
  const events = ['/sys/kernel/tracing', '/sys/kernel/debug/tracing'];
  if (!events.some((root) => existsSync(`${root}/events/syscalls/sys_enter_ioctl`))) {
    throw lacks(
      'the tracepoint syscalls:sys_enter_ioctl',
      'mount tracefs (mount -t tracefs nodev /sys/kernel/tracing); the kernel needs CONFIG_FTRACE_SYSCALLS',
    );
  }
}

interface Tap {
  readonly process: ChildProcess;
  readonly lane: Lane;
  readonly ended: Promise<unknown>;
  onRows: () => void;
  failure: unknown;
  complaints: string;
}

/** Starts bpftrace; resolves when its probes are attached. Throws ToolError. */
async function startTap(pid: number, merger: Merger): Promise<Tap> {
  const child = spawn('bpftrace', ['-B', 'line', '-e', tapProgram(pid)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, BPFTRACE_PERF_RB_PAGES: BUFFER_PAGES },
    detached: true, // Ctrl-C is for us; we end it when its last lines are due
  });
  const tap: Tap = {
    process: child,
    lane: merger.open(vmmText),
    ended: once(child, 'close'),
    onRows: () => undefined,
    failure: undefined,
    complaints: '',
  };
  child.stderr.on('data', (bytes: Buffer) => (tap.complaints += bytes.toString().slice(0, 4096)));
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new ToolError('E_NOT_SUPPORTED', 'bpftrace did not start within a minute'));
    }, START_MS);
    child.stdout.on('data', (bytes: Buffer) => {
      if (bytes.includes('B iotlb-vmm-1')) {
        clearTimeout(timer);
        resolve();
      }
      take(tap, bytes);
    });
    child.once('close', () => {
      clearTimeout(timer);
      const why = tap.complaints.trim().split('\n').slice(-3).join(' ');
      reject(new ToolError('E_NOT_SUPPORTED', `bpftrace cannot run here: ${why}`));
    });
  });
  return tap;
}

function take(tap: Tap, bytes: Uint8Array): void {
  try {
    tap.lane.push(bytes);
    tap.onRows();
  } catch (error) {
    tap.failure ??= error;
    tap.process.kill('SIGINT');
  }
}

function listening(tap: Tap, pid: number, terminal: Terminal): Listening {
  return {
    async run(signal, step) {
      tap.onRows = step;
      await new Promise<void>((resolve) => {
        // bpftrace goes on when the process it watches has ended: that is for us to notice.
        const timer = setInterval(() => {
          if (!existsSync(`/proc/${pid}`)) finish();
        }, ALIVE_MS);
        const finish = (): void => {
          clearInterval(timer);
          resolve();
        };
        if (signal.aborted) finish();
        signal.addEventListener('abort', finish, { once: true });
        void tap.ended.then(finish);
      });
      if (tap.failure !== undefined) throw tap.failure;
    },
    async detach() {
      tap.onRows = () => undefined;
      tap.process.kill('SIGINT'); // it prints its last lines and the kernel's counts
      await tap.ended;
      tap.lane.end();
      const { lost } = tap.lane.losses;
      if (lost > 0) terminal.warn(`the tap lost ${formatCount(lost)} entries or returns`);
    },
    facts: () => ({
      kernel: release(),
      guest: nameOf(pid),
      detail: `bpftrace on pid ${pid}`,
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

function nameOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return `pid ${pid}`; // it ended meanwhile
  }
}
