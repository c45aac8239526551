// Starts the command line and leaves it running, for recordings that end when they are told to; also
// runs it to its end.

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../main.js', import.meta.url));

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `iotlb ARGS` to its end. */
export function iotlb(args: readonly string[], input?: Uint8Array): CliResult {
  const run = spawnSync(process.execPath, [MAIN, ...args], {
    maxBuffer: 1 << 28,
    ...(input === undefined ? {} : { input }),
  });
  return { code: run.status, stdout: run.stdout.toString(), stderr: run.stderr.toString() };
}

export interface RunningCli {
  readonly process: ChildProcess;
  readonly ended: Promise<CliResult>;
}

/** Starts `iotlb ARGS` and leaves it running. */
export function startIotlb(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  cwd = process.cwd(),
): RunningCli {
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (bytes: Buffer) => (stdout += bytes.toString()));
  child.stderr.on('data', (bytes: Buffer) => (stderr += bytes.toString()));
  const ended = once(child, 'close').then(() => ({ code: child.exitCode, stdout, stderr }));
  running.add(child);
  child.once('close', () => running.delete(child));
  return { process: child, ended };
}

/** A failed test must not leave its commands behind. */
const running = new Set<ChildProcess>();

export function killAll(): void {
  for (const child of running) child.kill('SIGKILL');
}

const LIMIT_MS = 60_000;

/** Waits until `condition` gives something; fails after a minute. */
export async function until<T>(what: string, condition: () => T | undefined): Promise<T> {
  const from = performance.now();
  for (;;) {
    const found = condition();
    if (found !== undefined) return found;
    if (performance.now() - from > LIMIT_MS) throw new Error(`waited a minute for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
