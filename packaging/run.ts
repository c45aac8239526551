// Runs a program to its end and gives back what it printed.

import { spawnSync } from 'node:child_process';

import { ToolError } from '../collector/base/index.ts';

/** Standard output of `program`. Throws ToolError with what it said where it fails. */
export function run(program: string, args: readonly string[], cwd: string): string {
  const done = spawnSync(program, args, { cwd, encoding: 'utf8', maxBuffer: 256 * 1024 * 1024 });
  if (done.status === 0) return done.stdout;
  const why = done.error?.message ?? `${done.stderr}${done.stdout}`.trim();
  throw new ToolError('E_IO', `${program} ${args.slice(0, 3).join(' ')} failed: ${why}`);
}
