// The tap by bpftrace: a child that we write the program for, start, watch and end.

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';

import { ToolError } from '../../base/index.ts';
import { vmmText } from '../../sources/vmm/text.ts';
import type { Lane } from '../merger.ts';
import { tryRead } from './processes.ts';
import { tapProgram } from './program.ts';
import type { OpenTap, Tap, TapOptions } from './tap.ts';

const PAGE_BYTES = 4096;
/** Threads that can be told apart; bpftrace's own default is 4,096 over the life of the tap. */
const THREADS = '65536';
const BEGUN = 'B iotlb-vmm-2';
const START_MS = 120_000;
const QUIET_MS = 200;
const QUIET_LIMIT_MS = 30_000;
const AGAIN_MS = 500;

export const bpftraceTap: Tap = {
  name: 'bpftrace',
  missing,
  async open(options) {
    const tap = new BpftraceTap(options);
    await tap.begin();
    return tap;
  },
};

function missing(): ToolError | undefined {
  const lacks = (what: string, hint: string): ToolError =>
    new ToolError('E_NOT_SUPPORTED', `the tap by bpftrace needs ${what}`, { hint });
  if (process.getuid?.() !== 0) return lacks('root', 'run it with sudo');
  if (spawnSync('bpftrace', ['--version']).status !== 0) {
    return lacks('bpftrace', 'install it (Debian: apt-get install bpftrace)');
  }
  const events = ['/sys/kernel/tracing', '/sys/kernel/debug/tracing'];
  if (!events.some((root) => existsSync(`${root}/events/syscalls/sys_enter_ioctl`))) {
    return lacks(
      'the tracepoint syscalls:sys_enter_ioctl',
      'mount tracefs (mount -t tracefs nodev /sys/kernel/tracing); the kernel needs CONFIG_FTRACE_SYSCALLS',
    );
  }
  return undefined;
}

class BpftraceTap implements OpenTap {
  readonly detail: string;
  readonly ended: Promise<void>;
  onRows: () => void = () => undefined;
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;
  readonly #lane: Lane;
  #complaints = '';
  #failure: unknown;
  #lastNs = 0;

  constructor({ pids, merger, bufferBytes }: TapOptions) {
    this.detail = `bpftrace on pid ${pids.join(', ')}`;
    this.#lane = merger.open(vmmText);
    this.#child = spawn('bpftrace', ['-B', 'line', '-e', tapProgram(pids, process.pid)], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        BPFTRACE_PERF_RB_PAGES: String(powerOfTwoAtLeast(bufferBytes / PAGE_BYTES)),
        BPFTRACE_MAP_KEYS_MAX: THREADS,
        BPFTRACE_MAX_MAP_KEYS: THREADS, // its name from 0.19 on
      },
      detached: true, // Ctrl-C is for us; we end it when its last lines are due
    });
    this.#closed = once(this.#child, 'close');
    this.ended = this.#closed.then(() => {
      if (this.#failure !== undefined) throw this.#failure;
    });
    this.ended.catch(() => undefined); // also where nobody waits for it yet
  }

  /** Resolves when its probes are attached. Throws ToolError. */
  async begin(): Promise<void> {
    const child = this.#child;
    child.stderr?.on('data', (bytes: Buffer) => {
      this.#complaints = (this.#complaints + bytes.toString()).slice(-4096);
    });
    const begun = new Promise<boolean>((resolve) => {
      child.stdout?.on('data', (bytes: Buffer) => {
        if (bytes.includes(BEGUN)) resolve(true);
        this.#take(bytes);
      });
      void this.#closed.then(() => resolve(false));
    });
    const late = new AbortController();
    const isBegun = await Promise.race([
      begun,
      setTimeout(START_MS, false, { signal: late.signal }).catch(() => false),
    ]);
    late.abort();
    if (isBegun) return;
    child.kill('SIGKILL');
    await this.#closed;
    const why = this.#complaints.trim().split('\n').slice(-3).join(' ');
    throw new ToolError('E_NOT_SUPPORTED', `bpftrace cannot run the tap here: ${why}`);
  }

  async close(): Promise<void> {
    this.onRows = () => undefined;
    await this.#quiet();
    await this.#interrupt();
    this.#lane.end();
  }

  /**
   * Has it print the kernel's counts and end. A SIGINT that meets bpftrace at work is not noticed, so it may
   * take several; once it no longer catches them it is ending, and another would end it too early.
   */
  async #interrupt(): Promise<void> {
    const child = this.#child;
    while (child.exitCode === null && child.signalCode === null) {
      if (catchesInterrupt(child.pid)) child.kill('SIGINT');
      await Promise.race([this.#closed, setTimeout(AGAIN_MS)]);
    }
    await this.#closed;
  }

  /**
   * On SIGINT bpftrace throws away what it has not read. So the program is told to note no more calls, by a
   * signal 0 to ourselves that it sees, and its output is left to run dry.
   */
  async #quiet(): Promise<void> {
    process.kill(process.pid, 0);
    const began = performance.now();
    this.#lastNs = began;
    while (this.#child.exitCode === null && performance.now() - began < QUIET_LIMIT_MS) {
      if (performance.now() - this.#lastNs >= QUIET_MS) return;
      await setTimeout(QUIET_MS / 4);
    }
  }

  #take(bytes: Uint8Array): void {
    this.#lastNs = performance.now();
    try {
      this.#lane.push(bytes);
      this.onRows();
    } catch (error) {
      this.#failure ??= error;
      void this.#interrupt();
    }
  }
}

function catchesInterrupt(pid: number | undefined): boolean {
  const status = tryRead(`/proc/${pid}/status`) ?? '';
  const caught = /^SigCgt:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0';
  return (BigInt(`0x${caught}`) & 2n) !== 0n; // SIGINT is signal 2: bit 1
}

function powerOfTwoAtLeast(value: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, value)));
}
