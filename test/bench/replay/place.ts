// Where a benchmark runs, and what the machine takes away there.

import { spawnSync } from 'node:child_process';

import type { Peer } from './peer.ts';
import { cProgram } from './peers.ts';

export interface Place {
  readonly folder: string;
  readonly cpu: number;
  /** perf can record here. */
  readonly observes: boolean;
  /** Those that can run here, ours first. */
  readonly peers: readonly Peer[];
}

/** Shares of time that a C spinner under SCHED_FIFO lost. */
export interface Floor {
  readonly floor_over_1us: number;
  readonly floor_over_10us: number;
  readonly floor_longest_ns: number;
}

const NOISE_MS = 200;

export function noiseOf({ folder, cpu }: Place): Floor {
  const args = ['-c', String(cpu), 'chrt', '-f', '40', cProgram(folder), 'noise', String(NOISE_MS)];
  const { stdout } = spawnSync('taskset', args, { encoding: 'utf8' });
  const [over1, over10, longest] = stdout.trim().split(' ').map(Number);
  return { floor_over_1us: over1, floor_over_10us: over10, floor_longest_ns: longest };
}
