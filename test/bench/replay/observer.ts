// The independent observer: perf stamps every issuing system call in the kernel, in ns, whoever makes it.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

export interface Observed {
  /** Times of the calls on the monotonic clock, ns; undefined where perf cannot record here. */
  readonly issuedNs: Float64Array | undefined;
  readonly out: string;
  readonly isOk: boolean;
}

export interface Watched {
  readonly command: readonly string[];
  /** Tracepoint and filter of the call that counts. */
  readonly event: string;
  readonly filter?: string;
  /** Name of the process as the kernel knows it; none: any. */
  readonly comm?: string;
}

/** Runs a peer under `perf record -a`, or plainly where `observes` is false. */
export function runWatched(watched: Watched, folder: string, observes: boolean): Observed {
  if (!observes) {
    const [program, ...args] = watched.command;
    const { status, stdout } = spawnSync(program, args, { encoding: 'utf8' });
    return { issuedNs: undefined, out: stdout ?? '', isOk: status === 0 };
  }
  const data = join(folder, 'perf.data');
  const filter = watched.filter === undefined ? [] : ['--filter', watched.filter];
  const record = ['record', '-q', '-a', '-k', 'CLOCK_MONOTONIC', '-m', '4096', '-o', data];
  const { status, stdout } = spawnSync(
    'perf',
    [...record, '-e', watched.event, ...filter, '--', ...watched.command],
    { encoding: 'utf8' },
  );
  return { issuedNs: stampsOf(data, watched.comm), out: stdout ?? '', isOk: status === 0 };
}

export function canObserve(folder: string): boolean {
  const watched = { command: ['true'], event: 'syscalls:sys_enter_ioctl' };
  try {
    return runWatched(watched, folder, true).isOk;
  } catch {
    return false; // no perf on this host
  }
}

function stampsOf(data: string, comm: string | undefined): Float64Array {
  const { stdout } = spawnSync('perf', ['script', '--ns', '-i', data, '-F', 'comm,time'], {
    encoding: 'utf8',
    maxBuffer: 1 << 30,
  });
  const stamps: number[] = [];
  for (const line of stdout.split('\n')) {
    const match = /^\s*(.*\S)\s+(\d+)\.(\d{9}):/.exec(line);
    if (match === null || (comm !== undefined && !match[1].startsWith(comm))) continue;
    stamps.push(Number(match[2]) * 1e9 + Number(match[3]));
  }
  const first = stamps[0] ?? 0;
  return Float64Array.from(stamps, (stamp) => stamp - first);
}
