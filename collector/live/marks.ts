// Named moments from outside: `iotlb mark TEXT`, or a line to a running recorder's pipe. A line may begin with the
// moment it means (`@NS TEXT`, wall clock); otherwise it means its arrival.

import { spawnSync } from 'node:child_process';
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { readNow } from './read-now.ts';

const CHUNK_BYTES = 64 * 1024;
const NANO = 1_000_000n;

/** Where recorders of this user have their pipes. */
export function marksFolder(): string {
  const runtime = process.env.IOTLB_RUNTIME_DIR ?? process.env.XDG_RUNTIME_DIR;
  if (runtime !== undefined && runtime !== '') return join(runtime, 'iotlb');
  const uid = process.getuid?.() ?? 0;
  return uid === 0 ? '/run/iotlb' : join(tmpdir(), `iotlb-marks-${uid}`);
}

/** Wall clock, ns. */
export const wallNs = (): bigint => BigInt(Math.round(Date.now())) * NANO;

export interface Mark {
  readonly text: string;
  /** Wall clock. */
  readonly atNs: bigint;
}

/** A recorder's pipe for marks. */
export class MarkPipe {
  readonly path: string;
  readonly #fd: number;
  readonly #chunk = new Uint8Array(CHUNK_BYTES);
  #carry = '';

  private constructor(path: string, fd: number) {
    this.path = path;
    this.#fd = fd;
  }

  /** Undefined where the folder cannot be made: a recording goes on without marks. */
  static open(): MarkPipe | undefined {
    const folder = marksFolder();
    const path = join(folder, `${process.pid}.marks`);
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      rmSync(path, { force: true });
      if (spawnSync('mkfifo', ['-m', '600', path]).status !== 0) return undefined;
      // Open for both, so that it never ends between two writers.
      return new MarkPipe(path, openSync(path, constants.O_RDWR | constants.O_NONBLOCK));
    } catch {
      return undefined;
    }
  }

  /** The marks since the last call. */
  take(): readonly Mark[] {
    const got = readNow(this.#fd, this.#chunk);
    if (got === 0) return [];
    const lines = (this.#carry + Buffer.from(this.#chunk.subarray(0, got)).toString()).split('\n');
    this.#carry = lines.pop() ?? '';
    return lines.flatMap((line) => parseMark(line) ?? []);
  }

  close(): void {
    closeSync(this.#fd);
    rmSync(this.path, { force: true });
  }
}

/** Undefined for a line without text. */
export function parseMark(line: string): Mark | undefined {
  const [, at, text = ''] = /^(?:@(\d{1,20}) )?(.*)$/.exec(line) ?? [];
  const clean = text.trim();
  if (clean === '') return undefined;
  return { text: clean, atNs: at === undefined ? wallNs() : BigInt(at) };
}

/** Gives the mark to every recorder of this user; returns how many there are. Throws what writing throws. */
export function sendMark(text: string): number {
  const folder = marksFolder();
  if (!existsSync(folder)) return 0;
  const line = `@${wallNs()} ${text.replaceAll('\n', ' ')}\n`;
  let sent = 0;
  for (const name of readdirSync(folder).filter((each) => /^\d+\.marks$/.test(each))) {
    const path = join(folder, name);
    if (!existsSync(`/proc/${name.split('.')[0]}`)) {
      rmSync(path, { force: true }); // of a recorder that was killed
      continue;
    }
    const fd = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
    try {
      writeSync(fd, line);
      sent++;
    } finally {
      closeSync(fd);
    }
  }
  return sent;
}
