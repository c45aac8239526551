// The watched program of test/support/native/caller.c: built once per process that asks for it.

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { until } from './running-cli.ts';

const SOURCE = fileURLToPath(new URL('../../../test/support/native/caller.c', import.meta.url));

/** Why it cannot be built here; false where it can. */
export function noCompiler(): string | false {
  return spawnSync('gcc', ['--version']).status === 0 ? false : 'gcc is not installed';
}

/** Builds the program; removed when the process ends. */
export function buildCaller(): string {
  const folder = mkdtempSync(join(tmpdir(), 'iotlb-caller-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const program = join(folder, 'caller');
  const made = spawnSync('gcc', [
    '-O2',
    '-Wall',
    '-Werror',
    '-fpie',
    '-pie',
    '-o',
    program,
    SOURCE,
  ]);
  if (made.status !== 0) throw new Error(`gcc: ${String(made.stderr)}`);
  return program;
}

export interface CallerTimes {
  readonly calls: number;
  readonly p50: number;
  readonly p99: number;
  readonly longest: number;
}

/** A caller that waits to be let go. */
export class Caller {
  readonly process: ChildProcess;
  readonly pid: number;
  #said = '';
  readonly #ended: Promise<void>;

  private constructor(child: ChildProcess) {
    this.process = child;
    this.pid = child.pid ?? 0;
    child.stdout?.on('data', (bytes: Buffer) => (this.#said += bytes.toString()));
    this.#ended = new Promise((resolve) => child.once('close', () => resolve()));
  }

  /** Starts it; resolves when it waits. */
  static async start(
    program: string,
    mode: 'ioctl' | 'probe' | 'log',
    options: { readonly count: number; readonly gapNs: number; readonly log?: string },
  ): Promise<Caller> {
    const args = [mode, String(options.count), String(options.gapNs)];
    const child = spawn(program, options.log === undefined ? args : [...args, options.log], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const caller = new Caller(child);
    await until('the caller', () => (caller.#said.includes('ready') ? true : undefined));
    return caller;
  }

  /** Lets it go; resolves with its own times when it has ended. */
  async run(): Promise<CallerTimes> {
    this.process.stdin?.end('go\n');
    await this.#ended;
    const [calls, p50, p99, longest] = this.#said
      .replace('ready\n', '')
      .trim()
      .split(' ')
      .map(Number);
    return { calls, p50, p99, longest };
  }
}
