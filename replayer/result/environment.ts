// What the machine was like: every result carries it, because a time without its machine means nothing.

import { readFileSync } from 'node:fs';
import { cpus, hostname, loadavg, release, totalmem, version } from 'node:os';

import { z } from 'zod';

import { TOOL } from '../../collector/base/index.ts';

export const environmentSchema = z.object({
  tool: z.string(),
  node: z.string(),
  host: z.string(),
  kernel: z.string(),
  kernel_build: z.string(),
  cpu: z.string(),
  cpus: z.number(),
  memory_bytes: z.number(),
  governor: z.string().nullable(),
  clocksource: z.string().nullable(),
  isolated_cpus: z.string().nullable(),
  /** A hypervisor is under this kernel: times hold for that guest only. */
  virtual: z.boolean().nullable(),
  load_1min: z.number(),
});
export type Environment = z.infer<typeof environmentSchema>;

export function readEnvironment(): Environment {
  const [first] = cpus();
  const cpuinfo = readText('/proc/cpuinfo');
  return {
    tool: TOOL.id,
    node: process.version,
    host: hostname(),
    kernel: release(),
    kernel_build: version(),
    cpu: first?.model ?? 'unknown',
    cpus: cpus().length,
    memory_bytes: totalmem(),
    governor: readText('/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor'),
    clocksource: readText('/sys/devices/system/clocksource/clocksource0/current_clocksource'),
    isolated_cpus: readText('/sys/devices/system/cpu/isolated'),
    virtual: cpuinfo === null ? null : /^flags\s*:.*\bhypervisor\b/m.test(cpuinfo),
    load_1min: loadavg()[0],
  };
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return null; // not on this host: the file says null rather than a guess
  }
}
