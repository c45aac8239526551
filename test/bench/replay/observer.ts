// The independent observer: perf stamps every issuing system call in the kernel, in ns, whoever makes it.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

export interface Observed {
  /** Times of the last `count` calls, ns from the first of them; undefined where perf cannot record here. */
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

/** Runs a peer and all its threads under `perf record`, or plainly where `observes` is false. */
export function runWatched(
  watched: Watched,
  folder: string,
  observes: boolean,
  count = Number.POSITIVE_INFINITY,
): Observed {
  if (!observes) {
    const [program, ...args] = watched.command;
    const { status, stdout } = spawnSync(program, args, { encoding: 'utf8' });
    return { issuedNs: undefined, out: stdout ?? '', isOk: status === 0 };
  }
  const data = join(folder, 'perf.data');
  const filter = watched.filter === undefined ? [] : ['--filter', watched.filter];
  const record = ['record', '-q', '-k', 'CLOCK_MONOTONIC', '-m', '2048', '-o', data];
  const { status, stdout } = spawnSync(
    'perf',
    [...record, '-e', watched.event, ...filter, '--', ...watched.command],
    { encoding: 'utf8' },
  );
  return { issuedNs: stampsOf(data, watched.comm, count), out: stdout ?? '', isOk: status === 0 };
}

export function canObserve(folder: string): boolean {
  const watched = { command: ['true'], event: 'syscalls:sys_enter_ioctl' };
  try {
    return runWatched(watched, folder, true).isOk;
  } catch {
    return false; // no perf on this host
  }
}

function stampsOf(data: string, comm: string | undefined, count: number): Float64Array {
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
  // What comes before is warm-up, on the same call.
  const run = stamps.slice(Math.max(0, stamps.length - count));
  return Float64Array.from(run, (stamp) => stamp - run[0]);
}
