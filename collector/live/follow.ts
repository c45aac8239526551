// The bytes of a log as it grows, or of standard input. Notices when the log is cut short or replaced and
// goes on with what is there now. Holds one chunk; reads the next when the last was taken.

import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';

import { fileError } from '../base/index.ts';

const CHUNK_BYTES = 256 * 1024;
/** How long to wait at the end of a file before looking again. */
const POLL_MS = 50;

export interface FollowOptions {
  readonly signal: AbortSignal;
  /** Wait for more at the end, until the signal. */
  readonly follow: boolean;
  /** The log was cut short or replaced. */
  readonly onRestart: (what: string) => void;
}

/** Chunks of the file at `path`; each holds until the next is asked for. Throws ToolError. */
export async function* followFile(
  path: string,
  options: FollowOptions,
): AsyncGenerator<Uint8Array> {
  const chunk = new Uint8Array(CHUNK_BYTES);
  let fd = open(path);
  let offset = 0;
  try {
    while (!options.signal.aborted) {
      const got = readSync(fd, chunk, 0, chunk.length, offset);
      if (got > 0) {
        offset += got;
        yield chunk.subarray(0, got);
        await new Promise((resolve) => setImmediate(resolve)); // lets timers and signals in
        continue;
      }
      if (!options.follow) return;
      if (fstatSync(fd).size < offset) {
        options.onRestart('was cut short');
        offset = 0;
      } else if (isReplaced(path, fd)) {
        options.onRestart('was replaced');
        closeSync(fd);
        fd = open(path);
        offset = 0;
      } else {
        await pause(options.signal);
      }
    }
  } finally {
    closeSync(fd);
  }
}

/** Chunks of standard input until its end or the signal. */
export async function* standardInput(signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const { stdin } = process;
  const stop = (): void => {
    stdin.destroy();
  };
  signal.addEventListener('abort', stop);
  try {
    for await (const chunk of stdin) yield chunk as Uint8Array; // without an encoding: bytes
  } catch (error) {
    if (!signal.aborted) throw fileError(error, 'standard input', 'What was read is kept.');
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

function open(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (error) {
    throw fileError(error, path, 'Nothing was recorded from it.');
  }
}

function isReplaced(path: string, fd: number): boolean {
  const there = statSync(path, { throwIfNoEntry: false });
  return there !== undefined && there.ino !== fstatSync(fd).ino;
}

async function pause(signal: AbortSignal): Promise<void> {
  try {
    await setTimeout(POLL_MS, undefined, { signal });
  } catch {
    // Aborted: the caller looks at the signal.
  }
}
