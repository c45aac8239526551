// A real QEMU with an emulated VT-d and the smallest guest there is: a boot sector that invalidates page
// after page for ever (test/fixtures/guest/invalidate.S), so that a recording shows by itself what it missed.

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { PRESENT, type EventBatch } from '../../collector/model/index.ts';
import { fixture } from './fixtures.ts';
import { eventsOn } from './qmp-events.ts';
import { until } from './running-cli.ts';

const QEMU = process.env.IOTLB_QEMU ?? 'qemu-system-x86_64';
const DISK_BYTES = 1024 * 1024;

/** False where QEMU is there, else why the test skips. */
export function noQemu(): string | false {
  return spawnSync(QEMU, ['--version']).status === 0 ? false : `${QEMU} is not installed`;
}

export interface GuestOptions {
  /** Another QEMU than the machine's. */
  readonly program?: string;
  readonly args?: readonly string[];
  /** What its standard error is; a pipe of Node's is a socket. */
  readonly stderr?: 'file' | 'socket';
}

export class QemuGuest {
  readonly socket: string;
  readonly process: ChildProcess;

  private constructor(socket: string, child: ChildProcess) {
    this.socket = socket;
    this.process = child;
  }

  /** Starts the guest with its files in `folder`; resolves when QEMU answers. */
  static async start(folder: string, name: string, options: GuestOptions = {}): Promise<QemuGuest> {
    const [socket, disk] = [join(folder, `${name}.qmp`), join(folder, `${name}.img`)];
    writeFileSync(disk, Buffer.concat([readFileSync(fixture('guest/invalidate.img'))], DISK_BYTES));
    const child = spawn(
      options.program ?? QEMU,
      [
        ...['-name', name, '-machine', 'q35', '-accel', 'tcg', '-m', '64'],
        ...['-nodefaults', '-display', 'none', '-device', 'intel-iommu,intremap=off'],
        ...['-drive', `file=${disk},format=raw`, '-qmp', `unix:${socket},server=on,wait=off`],
        ...(options.args ?? []),
      ],
      {
        stdio: [
          'ignore',
          'ignore',
          options.stderr === 'socket' ? 'pipe' : openSync(join(folder, `${name}.err`), 'a'),
        ],
        cwd: folder,
      },
    );
    child.stderr?.resume();
    const guest = new QemuGuest(socket, child);
    await until('QEMU', () => (readdirSync(folder).includes(`${name}.qmp`) ? true : undefined));
    return guest;
  }

  /** Names of the trace events that are on. */
  async eventsOn(): Promise<readonly string[]> {
    return await eventsOn(this.socket);
  }

  /** Files of the test that QEMU has open: disk, log, standard error, our pipe. */
  openFiles(): readonly string[] {
    const folder = `/proc/${this.process.pid}/fd`;
    return readdirSync(folder)
      .map((fd) => tryLink(join(folder, fd)))
      .filter((path) => path.startsWith(tmpdir()))
      .sort();
  }

  /** Holds the QMP socket as another client would. */
  holdSocket(): Disposable {
    const socket = createConnection(this.socket);
    socket.on('error', () => undefined);
    return { [Symbol.dispose]: () => void socket.destroy() };
  }

  async stop(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const closed = once(this.process, 'close');
    this.process.kill('SIGKILL');
    await closed;
  }
}

/** Checks that the guest's pages follow each other without a gap; returns how many there are. */
export function countPages(batches: Iterable<EventBatch>, stream = 0): number {
  let last: number | undefined;
  let pages = 0;
  for (const batch of batches) {
    for (let i = 0; i < batch.count; i++) {
      if (batch.stream[i] !== stream || (batch.present[i] & PRESENT.range) === 0) continue;
      if (last !== undefined && batch.page[i] !== last + 1) {
        throw new Error(`page ${batch.page[i]} after ${last}`);
      }
      last = batch.page[i];
      pages++;
    }
  }
  return pages;
}

/** QEMU closes files while we look. */
function tryLink(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
