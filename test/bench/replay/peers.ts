// Those who replay the same arrival times: ours, the same loop in C, fio, tcpreplay. Each says what it
// issues, because they do not issue the same thing.

import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { tableFromIPC } from 'apache-arrow';

import { TraceWriter, sealTrace } from '../../../collector/format/index.ts';
import {
  EventBuilder,
  FORMAT_NAME,
  FORMAT_VERSION,
  KIND,
  PRESENT,
  SCOPE,
} from '../../../collector/model/index.ts';
import type { Watched } from './observer.ts';

export interface Peer {
  readonly name: string;
  /** What it issues, and how it is run. */
  readonly issues: string;
  /** What is missing here; undefined where it can run. */
  missing(): string | undefined;
  /** Writes its input for these times; the command that replays it. */
  prepare(dueNs: Float64Array, folder: string, cpu: number): Watched;
  /** Its own stamps of the last run, ns from its start. Not all keep them. */
  ownIssuedNs?(folder: string): Float64Array;
}

const MAIN = fileURLToPath(new URL('../../../main.js', import.meta.url));
const IOCTL = { event: 'syscalls:sys_enter_ioctl', filter: 'cmd == 0x3b8d' };
/** What the prototype used; the TypeScript loop adapts its own. */
const C_LEAD_NS = 60_000;

const pinned = (cpu: number, command: readonly string[]): readonly string[] => [
  'taskset',
  '-c',
  String(cpu),
  'chrt',
  '-f',
  '40',
  ...command,
];

export const ours: Peer = {
  name: 'iotlb',
  issues: 'ioctl on /dev/null; --fifo --cpus',
  missing: () => undefined,
  prepare(dueNs, folder, cpu) {
    const recording = join(folder, 'arrivals.arrow');
    writeRecording(recording, dueNs);
    const result = join(folder, 'ours.arrow');
    const flags = ['--fifo', '--cpus', String(cpu), '--json', '--force', '-o', result];
    return { command: [process.execPath, MAIN, 'replay', recording, ...flags], ...IOCTL };
  },
  ownIssuedNs(folder) {
    const column = tableFromIPC(readFileSync(join(folder, 'ours.arrow'))).getChild('issued_ns');
    return Float64Array.from((column?.toArray() ?? []) as BigInt64Array, Number); // an Int64 column
  },
};

export const cLoop: Peer = {
  name: 'C loop',
  issues: 'the same ioctl on /dev/null; SCHED_FIFO, pinned, sleeps to 60 µs before, then spins',
  missing: () => (hasProgram('gcc') ? undefined : 'gcc'),
  prepare(dueNs, folder, cpu) {
    writeFileSync(join(folder, 'due.f64'), new Uint8Array(dueNs.buffer));
    const args = [join(folder, 'due.f64'), join(folder, 'c.f64'), String(C_LEAD_NS)];
    return { command: pinned(cpu, [cProgram(folder), 'replay', ...args]), ...IOCTL };
  },
  ownIssuedNs(folder) {
    const bytes = readFileSync(join(folder, 'c.f64'));
    const stamps = new Float64Array(new Uint8Array(bytes).buffer);
    return Float64Array.from({ length: stamps.length / 3 }, (_, i) => stamps[3 * i + 1]);
  },
};

export const tcpreplay: Peer = {
  name: 'tcpreplay',
  issues: 'a 60-byte packet on lo; --timer=nano --preload-pcap, SCHED_FIFO, pinned; pcap in ns',
  missing: () => (hasProgram('tcpreplay') ? undefined : 'tcpreplay (apt-get install tcpreplay)'),
  prepare(dueNs, folder, cpu) {
    const file = join(folder, 'arrivals.pcap');
    writeFileSync(file, pcapOf(dueNs));
    const command = ['tcpreplay', '-q', '-i', 'lo', '--timer=nano', '--preload-pcap', file];
    return { command: pinned(cpu, command), event: 'syscalls:sys_enter_sendto', comm: 'tcpreplay' };
  },
};

export const fio: Peer = {
  name: 'fio',
  issues: '512-byte pwrite to /dev/null from read_iolog version 3 (µs stamps); SCHED_FIFO, pinned',
  missing: () => (hasProgram('fio') ? undefined : 'fio (apt-get install fio)'),
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

export const peers: readonly Peer[] = [ours, cLoop, tcpreplay, fio];

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

function hasProgram(name: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${name}`]).status === 0;
}

/** A recording with one request at each time, so that the whole product is measured, not its loop alone. */
function writeRecording(path: string, dueNs: Float64Array): void {
  const stream = `${path}.stream`;
  const writer = new TraceWriter(
    stream,
    {
      format: FORMAT_NAME,
      version: FORMAT_VERSION,
      writer: 'bench',
      source: { name: 'bench', detail: 'made arrival times' },
      clock: { name: 'mono', start_ns: '0', resolution_ns: 1, pairs: [] },
      barriers: 'implied',
      synthetic: 'arrival times of a benchmark',
      streams: [{ id: 0, name: 'queue 0' }],
      scrub: 'none',
    },
    { overwrite: true },
  );
  const out = new EventBuilder(dueNs.length + 1);
  for (const due of dueNs) {
    const row = out.next(due, 0);
    out.kind[row] = KIND.iotlb;
    out.scope[row] = SCOPE.pasid | SCOPE.vaddr;
    out.present[row] = PRESENT.domainId | PRESENT.pasid | PRESENT.range;
    out.domainId[row] = 1;
    out.page[row] = 1 + row;
    out.pages[row] = 1;
  }
  const tally = { seen: out.count, kept: out.count, lost: 0, skipped: 0 };
  writer.append(out, tally, []);
  writer.finish(tally, []);
  sealTrace(stream, path);
}

const PACKET_BYTES = 60;

/** pcap with ns stamps (magic 0xa1b23c4d), one broadcast frame of an experimental type a time. */
function pcapOf(dueNs: Float64Array): Buffer {
  const record = 16 + PACKET_BYTES;
  const file = Buffer.alloc(24 + dueNs.length * record);
  file.writeUInt32LE(0xa1b23c4d, 0);
  file.writeUInt16LE(2, 4);
  file.writeUInt16LE(4, 6);
  file.writeUInt32LE(65_535, 16);
  file.writeUInt32LE(1, 20);
  dueNs.forEach((due, i) => {
    const at = 24 + i * record;
    file.writeUInt32LE(1 + Math.floor(due / 1e9), at);
    file.writeUInt32LE(due % 1e9, at + 4);
    file.writeUInt32LE(PACKET_BYTES, at + 8);
    file.writeUInt32LE(PACKET_BYTES, at + 12);
    file.fill(0xff, at + 16, at + 22);
    file.writeUInt16BE(0x88b5, at + 28);
  });
  return file;
}
