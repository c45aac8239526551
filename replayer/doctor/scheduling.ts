// What decides how exactly a replay keeps time: clock, frequency, isolation, real-time limits, steal.

import { formatDuration } from '../../collector/base/index.ts';
import type { Check, CheckLine } from './check.ts';
import type { HostFiles } from './host-files.ts';
import { stealOf } from './steal.ts';

const CPU = '/sys/devices/system/cpu';
/** Clocks that are read without entering the kernel. */
const QUICK_CLOCKS = ['tsc', 'kvm-clock', 'hyperv_clocksource_tsc_page', 'arch_sys_counter'];
/** What --class fifo asks for. */
const PRIORITY = 40;

export const clock: Check = {
  name: 'clock',
  summary: 'clock source',
  topic: 'timing',
  look(files) {
    const what = 'clock source';
    const source = files.text('/sys/devices/system/clocksource/clocksource0/current_clocksource');
    if (source === undefined) return [unknown(what)];
    if (QUICK_CLOCKS.includes(source)) return [{ what, finding: 'ok', detail: source }];
    const advice =
      'a read enters the kernel: boot with clocksource=tsc where the CPU is fit for it';
    return [{ what, finding: 'missing', detail: source, advice }];
  },
};

export const governor: Check = {
  name: 'governor',
  summary: 'frequency governor',
  topic: 'timing',
  look(files) {
    const what = 'governor';
    const name = files.text(`${CPU}/cpu0/cpufreq/scaling_governor`);
    if (name === undefined) {
      return [{ what, finding: 'unknown', detail: 'the host does not show it (a guest?)' }];
    }
    if (name === 'performance') return [{ what, finding: 'ok', detail: name }];
    const advice = 'cpupower frequency-set -g performance';
    return [{ what, finding: 'note', detail: name, advice }];
  },
};

export const isolation: Check = {
  name: 'isolation',
  summary: 'isolated CPUs',
  topic: 'timing',
  look: (files) => [isolatedLine(files), tickLine(files)],
};

function isolatedLine(files: HostFiles): CheckLine {
  const what = 'isolated CPUs';
  const cpus = files.text(`${CPU}/isolated`);
  if (cpus === undefined) return unknown(what);
  if (cpus !== '') return { what, finding: 'ok', detail: `${cpus}: use them with --cpus` };
  const advice = 'boot with isolcpus=managed_irq,domain,N, then --cpus N';
  return { what, finding: 'note', detail: 'none', advice };
}

/** The file is there only in kernels that can stop the tick (CONFIG_NO_HZ_FULL). */
function tickLine(files: HostFiles): CheckLine {
  const what = 'CPUs without a tick';
  const cpus = files.text(`${CPU}/nohz_full`);
  if (cpus === undefined) {
    return { what, finding: 'unknown', detail: 'the kernel shows none (no CONFIG_NO_HZ_FULL?)' };
  }
  if (/\d/.test(cpus)) return { what, finding: 'ok', detail: `${cpus}: use them with --cpus` };
  const advice = 'boot with nohz_full=N and rcu_nocbs=N, then --cpus N';
  return { what, finding: 'note', detail: 'none: a timer interrupt every few ms', advice };
}

export const realTime: Check = {
  name: 'real-time',
  summary: 'limits for real-time threads',
  topic: 'timing',
  look: (files) => [fifoLine(files), throttleLine(files)],
};

function fifoLine(files: HostFiles): CheckLine {
  const what = 'SCHED_FIFO';
  const limit = /^Max realtime priority\s+(\S+)/m.exec(files.text('/proc/self/limits') ?? '')?.[1];
  const capabilities = /^CapEff:\s*([0-9a-f]+)/m.exec(files.text('/proc/self/status') ?? '')?.[1];
  if (limit === undefined || capabilities === undefined) return unknown(what);
  const CAP_SYS_NICE = 23n;
  if (((BigInt(`0x${capabilities}`) >> CAP_SYS_NICE) & 1n) === 1n) {
    return { what, finding: 'ok', detail: 'allowed (CAP_SYS_NICE): --class auto uses it' };
  }
  if (limit === 'unlimited' || Number(limit) >= PRIORITY) {
    return {
      what,
      finding: 'ok',
      detail: `allowed (rtprio limit ${limit}): --class fifo, and auto where DEADLINE is not`,
    };
  }
  return {
    what,
    finding: 'missing',
    detail: `rtprio limit ${limit}, no CAP_SYS_NICE`,
    advice: `ulimit -r ${PRIORITY} as root, or '@group - rtprio ${PRIORITY}' in limits.conf`,
  };
}

function throttleLine(files: HostFiles): CheckLine {
  const what = 'real-time throttling';
  const runtime = Number(files.text('/proc/sys/kernel/sched_rt_runtime_us') ?? Number.NaN);
  const period = Number(files.text('/proc/sys/kernel/sched_rt_period_us') ?? Number.NaN);
  if (Number.isNaN(runtime) || Number.isNaN(period)) return unknown(what);
  if (runtime < 0) return { what, finding: 'ok', detail: 'off' };
  const share = runtime / period;
  const detail = `after ${formatDuration(runtime * 1e3)} of each ${formatDuration(period * 1e3)}`;
  if (share >= 0.95) return { what, finding: 'ok', detail: `${detail}; a replay stays below` };
  const advice =
    'sysctl kernel.sched_rt_runtime_us=950000: a replay is held when it meets the limit';
  return { what, finding: 'note', detail, advice };
}

export const steal: Check = {
  name: 'steal',
  summary: 'time taken by the hypervisor',
  topic: 'timing',
  look(files) {
    const what = 'steal';
    const stat = files.text('/proc/stat');
    const stolen = stat === undefined ? -1 : stealOf(-1, stat);
    const up = Number((files.text('/proc/uptime') ?? '').split(' ')[0]) * 1e9;
    if (stolen < 0 || !(up > 0)) return [unknown(what)];
    const detail = `${formatDuration(stolen)} over all CPUs in ${formatDuration(up)} since boot`;
    if (stolen / up < 1e-4) return [{ what, finding: 'ok', detail }];
    const advice = 'this is a guest that shares its CPUs: pin and reserve them on the host';
    return [{ what, finding: 'note', detail, advice }];
  },
};

function unknown(what: string): CheckLine {
  return { what, finding: 'unknown', detail: 'the host does not show it' };
}
