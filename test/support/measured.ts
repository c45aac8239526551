// Runs `iotlb` in a process of its own and tells what that took.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../main.js', import.meta.url));

export interface Measured {
  /** Processor time, user and system, s. */
  readonly seconds: number;
  /** The most memory that the process held, MiB. */
  readonly mebibytes: number;
}

/** Throws where the command fails, with what it said. */
export function runMeasured(args: readonly string[]): Measured {
  // The kernel hands the peak of resourceUsage() on from the parent; this one is the process's own.
  const script = `
    import { readFileSync } from 'node:fs';
    process.argv = [process.argv[0], ${JSON.stringify(MAIN)}, ...${JSON.stringify(args)}];
    process.on('exit', () => {
      const { user, system } = process.cpuUsage();
      const [, peak] = /VmHWM:\\s+(\\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'));
      process.stderr.write('USED ' + (user + system) + ' ' + peak);
    });
    await import(${JSON.stringify(MAIN)});`;
  const done = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
  });
  const used = /USED (?<micros>\d+) (?<kibibytes>\d+)$/.exec(done.stderr)?.groups;
  if (done.status !== 0 || used === undefined)
    throw new Error(`iotlb ${args.join(' ')}: ${done.stderr}`);
  return { seconds: Number(used.micros) / 1e6, mebibytes: Number(used.kibibytes) / 1024 };
}
