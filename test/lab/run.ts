// Runs the programs the lab needs: apt-get, tar, make. Owns turning a failure into a ToolError that
// shows the last lines the program said; never a shell, so nothing needs quoting.

import { spawn, spawnSync } from 'node:child_process';
import { ToolError } from '../../collector/base/index.ts';

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: Uint8Array;
}

function failed(program: string, args: readonly string[], said: string): ToolError {
  const tail = said.trim().split('\n').slice(-12).join('\n');
  return new ToolError('E_IO', `${program} ${args.slice(0, 6).join(' ')} … failed:\n${tail}`);
}

/** What a short program prints on stdout. */
export function output(program: string, args: readonly string[], options: RunOptions = {}): string {
  const result = spawnSync(program, args, {
    cwd: options.cwd,
    env: { ...process.env, LC_ALL: 'C', ...options.env },
    input: options.input,
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
  });
  if (result.error !== undefined || result.status !== 0) {
    throw failed(program, args, result.error?.message ?? result.stderr + result.stdout);
  }
  return result.stdout;
}

/** Whether a program is on the PATH. */
export function hasProgram(program: string): boolean {
  return spawnSync('sh', ['-c', `command -v "$1"`, 'sh', program]).status === 0;
}

/** Runs a long program and hands over every line it says; the end of the said is in the error. */
export async function runLong(
  program: string,
  args: readonly string[],
  options: RunOptions & { readonly onLine?: (line: string) => void },
): Promise<void> {
  const tail: string[] = [];
  await new Promise<void>((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: { ...process.env, LC_ALL: 'C', ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let rest = '';
    const take = (chunk: Buffer): void => {
      const lines = (rest + chunk.toString()).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        tail.push(line);
        if (tail.length > 40) tail.shift();
        options.onLine?.(line);
      }
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.on('error', (error) => reject(failed(program, args, error.message)));
    child.on('close', (status) => {
      if (status === 0) resolve();
      else reject(failed(program, args, tail.join('\n')));
    });
  });
}
