// What this host lacks for BPF programs, and what the kernel's refusals mean.

import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { ToolError } from '../../base/index.ts';
import { hasTracefs, tracefsRoot } from '../ftrace/instance.ts';

const EPERM = 1;
const E2BIG = 7;
const EACCES = 13;
const EINVAL = 22;

/** Why the tracepoint programs cannot run here; undefined where they can. */
export function missingForTracepoints(event: string): ToolError | undefined {
  if (!hasTracefs()) {
    return lacks('tracefs', 'as root: mount -t tracefs nodev /sys/kernel/tracing');
  }
  if (!existsSync(join(tracefsRoot(), 'events', event))) {
    return lacks(`the tracepoint ${event}`, 'the kernel needs CONFIG_FTRACE_SYSCALLS');
  }
  return undefined;
}

/** Why nothing of BPF can run here; undefined where it can. */
export function missingForBpf(): ToolError | undefined {
  if (process.platform !== 'linux' || !['x64', 'arm64'].includes(process.arch)) {
    return lacks('Linux on x86-64 or arm64', 'record on the host itself');
  }
  if (process.getuid?.() !== 0) return lacks('root', 'run it with sudo');
  return undefined;
}

/** What a KernelError means to a person. */
export function refusal(
  what: string,
  error: { readonly errno: number; readonly message: string; readonly log: string },
): ToolError {
  const { errno, message, log } = error;
  const last = log.split('\n').slice(-3).join(' ');
  const said = last === '' ? message : `${message}: ${last}`;
  const hint =
    errno === EPERM || errno === EACCES
      ? 'BPF needs root, or CAP_BPF and CAP_PERFMON; a locked-down kernel (secure boot) or a container may refuse both'
      : errno === EINVAL || errno === E2BIG
        ? 'the kernel needs CONFIG_BPF_SYSCALL and BPF ring buffers (Linux 5.8 or later)'
        : undefined;
  return new ToolError(
    'E_NOT_SUPPORTED',
    `${what}: the kernel refuses (${said}); nothing was changed`,
    { cause: error, ...(hint === undefined ? {} : { hint }) },
  );
}

function lacks(what: string, hint: string): ToolError {
  return new ToolError('E_NOT_SUPPORTED', `the tap needs ${what}; nothing was started`, { hint });
}
