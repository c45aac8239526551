// What a benchmark asks of one who replays arrival times.

import { spawnSync } from 'node:child_process';

import type { Stamps } from './error.ts';
import type { Watched } from './observer.ts';

export interface Peer {
  readonly name: string;
  /** What it issues, and how it is run. */
  readonly issues: string;
  /** What is missing here; undefined where it can run. */
  missing(): string | undefined;
  /** Of a program that is not ours. */
  version?: () => string;
  /** Writes its input for these times; the command that replays it. */
  prepare(dueNs: Float64Array, folder: string, cpu: number): Watched;
  /** Its own stamps of the last run. Not all keep them. */
  ownStamps?(folder: string): Stamps;
}

/** Every peer gets the same rights: one CPU, SCHED_FIFO. */
export const pinned = (cpu: number, command: readonly string[]): readonly string[] => [
  'taskset',
  '-c',
  String(cpu),
  'chrt',
  '-f',
  '40',
  ...command,
];

/** The first number with dots that it prints about itself. */
export function versionOf(program: string): string {
  const { stdout, stderr } = spawnSync(program, ['--version'], { encoding: 'utf8' });
  return /\d+(\.\d+)+/.exec(`${stdout}${stderr}`)?.[0] ?? 'of unknown version';
}

export function hasProgram(name: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${name}`]).status === 0;
}
