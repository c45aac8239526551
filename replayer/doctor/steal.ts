// Time that a hypervisor took from the CPUs of this machine, as /proc/stat has it.

/** /proc/stat counts in USER_HZ, which is 100 on every architecture Linux keeps. */
const TICK_NS = 10e6;
const STEAL_FIELD = 8;

/** Steal time of a CPU so far, of all together for -1; -1 where it is not told. */
export function stealOf(cpu: number, stat: string): number {
  const name = cpu < 0 ? 'cpu' : `cpu${cpu}`;
  const line = stat.split('\n').find((each) => each.startsWith(`${name} `));
  const ticks = line === undefined ? Number.NaN : Number(line.trim().split(/\s+/)[STEAL_FIELD]);
  return Number.isFinite(ticks) ? ticks * TICK_NS : -1;
}
