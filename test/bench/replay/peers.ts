// Those who replay the same arrival times: ours, the same loop in C, fio. Each says what it issues,
// because they do not issue the same thing.

import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { tableFromIPC } from 'apache-arrow';

import { writeRecording } from './made-recording.ts';
import type { Watched } from './observer.ts';
import { hasProgram, pinned, versionOf, type Peer } from './peer.ts';

const MAIN = fileURLToPath(new URL('../../../main.js', import.meta.url));
const IOCTL = { event: 'syscalls:sys_enter_ioctl', filter: 'cmd == 0x3b8d' };
/** Leaves a part of every gap of 20 k/s to sleep, so that no real-time limit is met. Ours adapts its own. */
const C_LEAD_NS = 30_000;

/** Our command on a recording, with what a comparison with peers needs and `flags`. */
export function ourReplay(
  recording: string,
  { folder, cpu }: { readonly folder: string; readonly cpu: number },
  flags: readonly string[] = ['--open-loop'],
): Watched {
  const result = join(folder, 'ours.arrow');
  const all = [
    '--class',
    'auto',
    '--cpus',
    String(cpu),
    '--json',
    '--force',
    '-o',
    result,
    ...flags,
  ];
  return { command: [process.execPath, MAIN, 'replay', recording, ...all], ...IOCTL };
}

export const ours = {
  name: 'iotlb',
  issues: 'ioctl on /dev/null; --class auto --cpus',
  missing: () => undefined,
  prepare(dueNs, folder, cpu) {
    const recording = join(folder, 'arrivals.arrow');
    writeRecording(recording, dueNs);
    return ourReplay(recording, { folder, cpu });
  },
  ownStamps(folder) {
    const table = tableFromIPC(readFileSync(join(folder, 'ours.arrow')));
    const column = (name: string): Float64Array =>
      Float64Array.from((table.getChild(name)?.toArray() ?? []) as BigInt64Array, Number); // Int64
    return { dueNs: column('due_ns'), issuedNs: column('issued_ns') };
  },
} satisfies Peer;

export const cLoop = {
  name: 'C loop',
  issues: 'the same ioctl on /dev/null; SCHED_FIFO, pinned, sleeps to 30 µs before, then spins',
  missing: () => (hasProgram('gcc') ? undefined : 'gcc is missing'),
  prepare(dueNs, folder, cpu) {
    writeFileSync(join(folder, 'due.f64'), new Uint8Array(dueNs.buffer));
    const args = [join(folder, 'due.f64'), join(folder, 'c.f64'), String(C_LEAD_NS)];
    return { command: pinned(cpu, [cProgram(folder), 'replay', ...args]), ...IOCTL };
  },
  ownStamps(folder) {
    const bytes = readFileSync(join(folder, 'c.f64'));
    const stamps = new Float64Array(new Uint8Array(bytes).buffer);
    const column = (at: number): Float64Array =>
      Float64Array.from({ length: stamps.length / 3 }, (_, i) => stamps[3 * i + at]);
    return { dueNs: column(0), issuedNs: column(1) };
  },
} satisfies Peer;

export const fio: Peer = {
  name: 'fio',
  issues: '512-byte pwrite to /dev/null from read_iolog version 3 (µs stamps); SCHED_FIFO, pinned',
  missing: () => (hasProgram('fio') ? undefined : 'fio is missing (apt-get install fio)'),
  version: () => versionOf('fio'),
  prepare(dueNs, folder, cpu) {
    const log = join(folder, 'arrivals.iolog');
    const lines = ['fio version 3 iolog', '0 /dev/null add', '0 /dev/null open'];
    for (const due of dueNs) lines.push(`${Math.floor(due / 1e3)} /dev/null write 0 512`);
    lines.push(`${Math.floor(dueNs[dueNs.length - 1] / 1e3)} /dev/null close`, '');
    writeFileSync(log, lines.join('\n'));
    const job = ['--name=r', `--read_iolog=${log}`, '--ioengine=psync', '--thread=0'];
    return {
      command: pinned(cpu, ['fio', ...job, '--output=/dev/null']),
      event: 'syscalls:sys_enter_pwrite64',
      comm: 'fio',
    };
  },
};

/** Builds the C program once a folder. */
export function cProgram(folder: string): string {
  const program = join(folder, 'loop');
  const source = fileURLToPath(new URL('../../../../test/bench/peer/loop.c', import.meta.url));
  if (!built.has(program)) {
    const { status, stderr } = spawnSync('gcc', ['-O2', '-o', program, source], {
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`gcc: ${stderr}`);
    built.add(program);
  }
  return program;
}
const built = new Set<string>();
