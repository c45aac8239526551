// The pipe that QEMU logs into: made for QEMU's user alone, held open for reading and writing so that
// neither side ever sees an end, enlarged so that a pause of ours does not stop the guest.

import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';

import { ToolError } from '../../base/index.ts';
import { readNow } from '../read-now.ts';

const PIPE_BYTES = 1024 * 1024;
const CHUNK_BYTES = 256 * 1024;
/** What the names of our folder or of our pipe in another's folder begin with. */
const OWN = 'iotlb-';

export class LogFifo {
  readonly path: string;
  readonly #fd: number;
  #socket: Socket | undefined;

  /** Makes a FIFO that the user `uid` may write to, in the folder `within` or the temporary one. Throws ToolError. */
  constructor(uid: number, within: string | undefined) {
    this.path =
      within === undefined
        ? join(mkdtempSync(join(tmpdir(), OWN)), 'qemu-log')
        : join(within, `${OWN}${process.pid}-log`);
    try {
      const made = spawnSync('mkfifo', ['-m', '600', this.path]);
      if (made.status !== 0) {
        throw new ToolError(
          'E_NOT_SUPPORTED',
          `${this.path}: mkfifo failed: ${String(made.stderr)}`,
        );
      }
      if (uid !== process.getuid?.()) giveTo(uid, this.path);
      this.#fd = openSync(this.path, constants.O_RDWR | constants.O_NONBLOCK);
    } catch (error) {
      removeFifo(this.path);
      throw error;
    }
  }

  /** Hands over what comes until `stop`. The bytes hold until `take` returns. */
  listen(take: (bytes: Uint8Array) => void): void {
    this.#socket = new Socket({ fd: this.#fd, readable: true, writable: false });
    this.#socket.on('data', take);
  }

  /** Stops listening, hands over what is still in the pipe, and removes it. */
  drain(take: (bytes: Uint8Array) => void): void {
    this.#socket?.pause();
    const chunk = new Uint8Array(CHUNK_BYTES);
    for (;;) {
      const got = readNow(this.#fd, chunk);
      if (got === 0) break;
      take(chunk.subarray(0, got));
    }
    this.remove();
  }

  remove(): void {
    if (this.#socket === undefined) closeSync(this.#fd);
    else this.#socket.destroy();
    this.#socket = undefined;
    removeFifo(this.path);
  }

  /** Enlarges the pipe. False where the kernel allows no more than it has. */
  async enlarge(): Promise<boolean> {
    const F_SETPIPE_SZ = 1031; // linux/fcntl.h
    const { default: koffi } = await import('koffi');
    const fcntl = koffi.load('libc.so.6').func('int fcntl(int fd, int cmd, int arg)');
    const got: unknown = fcntl(this.#fd, F_SETPIPE_SZ, PIPE_BYTES);
    return typeof got === 'number' && got >= PIPE_BYTES;
  }
}

/** Removes a FIFO, and its folder where that is ours, also one that a killed recorder left. */
export function removeFifo(path: string): void {
  rmSync(path, { force: true });
  const folder = dirname(path);
  if (basename(folder).startsWith(OWN)) rmSync(folder, { recursive: true, force: true });
}

function giveTo(uid: number, path: string): void {
  try {
    chownSync(path, uid, -1);
    const folder = dirname(path);
    if (basename(folder).startsWith(OWN)) chmodSync(folder, 0o711);
  } catch (error) {
    throw new ToolError(
      'E_PERMISSION',
      `QEMU runs as user ${uid}, which may not write to our pipe`,
      {
        cause: error,
        hint: 'record as that user, or as root',
      },
    );
  }
}
