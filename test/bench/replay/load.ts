// Other work beside a benchmark: so many busy processes, or one that wakes every millisecond.

import { spawn, type ChildProcess } from 'node:child_process';

import { ToolError } from '../../../collector/base/index.ts';
import { cProgram } from './peers.ts';

export interface Load {
  /** For tables: empty where nothing runs beside. */
  readonly text: string;
  start(folder: string): ChildProcess[];
}

const AN_HOUR_MS = 3_600_000;

/** `0,1,2,4,wakes`. Throws ToolError. */
export function parseLoads(text: string): readonly Load[] {
  return text.split(',').map((each) => {
    if (each === 'wakes') return wakes;
    const count = Number(each);
    if (!Number.isInteger(count) || count < 0 || count > 1_024 || each === '')
      throw new ToolError('E_USAGE', `--load: '${each}' is no load`, {
        hint: "a number of busy processes, or 'wakes', such as 0,1,2,4,wakes",
      });
    return busy(count);
  });
}

function busy(count: number): Load {
  return {
    text: count === 0 ? '' : `beside ${count} busy process${count === 1 ? '' : 'es'}`,
    start: (folder) =>
      Array.from({ length: count }, () => run(folder, ['noise', String(AN_HOUR_MS)])),
  };
}

const wakes: Load = {
  text: 'beside one that wakes every ms',
  start: (folder) => [run(folder, ['wakes'])],
};

function run(folder: string, args: readonly string[]): ChildProcess {
  return spawn(cProgram(folder), args, { stdio: 'ignore' });
}
