// The processes that are tapped, from /proc, read only.

import { existsSync, readFileSync, readlinkSync } from 'node:fs';

import { ToolError } from '../../base/index.ts';

/** The PID namespace that the machine began with; the kernel's taps know processes by its numbers. */
const FIRST_PID_NAMESPACE = 'pid:[4026531836]';
const ALIVE_MS = 250;

/** Refuses what cannot be tapped as a process. Throws ToolError. */
export function requireProcesses(pids: readonly number[]): void {
  for (const pid of pids) {
    const status = tryRead(`/proc/${pid}/status`);
    if (status === undefined) {
      throw new ToolError('E_NOT_FOUND', `no process ${pid}; nothing was started`);
    }
    const process = /^Tgid:\s*(\d+)$/m.exec(status)?.[1];
    if (process !== undefined && Number(process) !== pid) {
      throw new ToolError('E_USAGE', `${pid} is a thread; nothing was started`, {
        hint: `its process is --pid ${process}, whose threads are all recorded`,
      });
    }
  }
  // A kernel without namespaces has no such link.
  const namespace = '/proc/self/ns/pid';
  if (existsSync(namespace) && readlinkSync(namespace) !== FIRST_PID_NAMESPACE) {
    throw new ToolError(
      'E_NOT_SUPPORTED',
      "a container numbers processes otherwise than the kernel's taps; nothing was started",
      { hint: "run it on the host, or in a container that shares the host's PID namespace" },
    );
  }
}

/** Resolves when none of them is left, or `signal` aborts. */
export async function processesEnd(pids: readonly number[], signal: AbortSignal): Promise<void> {
  while (!signal.aborted && pids.some((pid) => existsSync(`/proc/${pid}`))) {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(done, ALIVE_MS);
      function done(): void {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      }
      signal.addEventListener('abort', done, { once: true });
    });
  }
}

/** Their names, for people. */
export function namesOf(pids: readonly number[]): string {
  return pids
    .map((pid) => `${tryRead(`/proc/${pid}/comm`)?.trim() ?? 'ended'} (pid ${pid})`)
    .join(', ');
}

export function tryRead(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined; // it ended, or never was
  }
}
