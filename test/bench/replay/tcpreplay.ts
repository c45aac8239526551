// tcpreplay as a peer: the installed one, and another that is built from a source folder given by path.

import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { cpSync, existsSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

import { hasProgram, pinned, versionOf, type Peer } from './peer.ts';

/** `name` is shown; `program` is run, once `missing` says that nothing is. */
function peerOf(name: string, program: string, missing: () => string | undefined): Peer {
  return {
    name,
    issues: 'a 60-byte packet on lo; --timer=nano --preload-pcap, SCHED_FIFO, pinned; pcap in ns',
    missing,
    version: () => versionOf(program),
    prepare(dueNs, folder, cpu) {
      const file = join(folder, 'arrivals.pcap');
      writeFileSync(file, pcapOf(dueNs));
      const command = [program, '-q', '-i', 'lo', '--timer=nano', '--preload-pcap', file];
      return {
        command: pinned(cpu, command),
        event: 'syscalls:sys_enter_sendto',
        comm: 'tcpreplay',
      };
    },
  };
}

export const tcpreplay: Peer = peerOf('tcpreplay', 'tcpreplay', () =>
  hasProgram('tcpreplay') ? undefined : 'tcpreplay is missing (apt-get install tcpreplay)',
);

/** The installed one or another. */
export const isTcpreplay = (peer: string): boolean => peer.startsWith(tcpreplay.name);

/** Built in a copy of `source`, which stays as it is. */
export function tcpreplayFrom(source: string, folder: string): Peer {
  const copy = join(folder, 'tcpreplay-source');
  const program = join(copy, 'src', 'tcpreplay');
  const why =
    buildIn(source, copy) ??
    (existsSync(program) ? undefined : 'was built without a src/tcpreplay');
  const missing = why === undefined ? undefined : `${source} ${why}`;
  return peerOf('tcpreplay (source)', program, () => missing);
}

/** Why there is no build; undefined where there is one. */
function buildIn(source: string, copy: string): string | undefined {
  if (!existsSync(join(source, 'configure'))) {
    return 'holds no configure script (a checkout makes one with ./autogen.sh)';
  }
  cpSync(source, copy, { recursive: true });
  for (const [program, ...args] of [['./configure'], ['make', `-j${availableParallelism()}`]]) {
    const said = spawnSync(program, args, { cwd: copy, encoding: 'utf8', maxBuffer: 1 << 28 });
    if (said.status !== 0) return `was not built, ${program}: ${reason(said)}`;
  }
  return undefined;
}

function reason({ error, stdout, stderr }: SpawnSyncReturns<string>): string {
  if (error !== undefined) return error.message;
  return (stderr.trim() === '' ? stdout : stderr).trim().split('\n').at(-1) ?? '';
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
