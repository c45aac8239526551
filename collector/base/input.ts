// Opens an input for import: a file or standard input, plain, gzip or zstd, as a stream of byte chunks.
// Compression is told from the first bytes, never from the name.

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import type { Readable } from 'node:stream';

import { Decompress } from 'fzstd';

import { ToolError, fileError, systemErrorCode } from './errors.ts';
import { ZstdGuard } from './zstd.ts';

const CHUNK_BYTES = 1024 * 1024;
const MAGIC_BYTES = 4;

export type Compression = 'none' | 'gzip' | 'zstd';

export interface Input {
  /** How messages name it. */
  readonly name: string;
  /** Bytes of the file as stored; undefined for standard input. Progress is counted in these. */
  readonly storedBytes: number | undefined;
  /** Stored bytes read so far. */
  readonly storedDone: () => number;
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Known once the first chunk came. */
  readonly isCompressed: () => boolean;
  /** SHA-256 of the stored bytes read so far, `sha256:…`. */
  readonly digest: () => string;
}

/** Opens `path`, or standard input for `-`. Errors come as ToolError from the iteration. */
export function openInput(path: string, storedBytes: number | undefined): Input {
  const name = path === '-' ? 'standard input' : path;
  const source: Readable =
    path === '-' ? process.stdin : createReadStream(path, { highWaterMark: CHUNK_BYTES });
  let done = 0;
  let compression: Compression = 'none';
  const hash = createHash('sha256');
  async function* counted(): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of source) {
        const bytes = chunk as Uint8Array; // a stream without an encoding yields bytes
        done += bytes.length;
        hash.update(bytes);
        yield bytes;
      }
    } catch (error) {
      const untouched = done === 0 ? 'Nothing was read.' : 'What was read before it is not lost.';
      throw fileError(error, name, untouched);
    }
  }
  return {
    name,
    storedBytes,
    storedDone: () => done,
    chunks: decompressed(counted(), name, (found) => {
      compression = found;
    }),
    isCompressed: () => compression !== 'none',
    digest: () => `sha256:${hash.copy().digest('hex')}`,
  };
}

function compressionOf(head: Uint8Array): Compression {
  if (head[0] === 0x1f && head[1] === 0x8b) return 'gzip';
  if (head[0] === 0x28 && head[1] === 0xb5 && head[2] === 0x2f && head[3] === 0xfd) return 'zstd';
  return 'none';
}

async function* decompressed(
  chunks: AsyncGenerator<Uint8Array>,
  name: string,
  tell: (found: Compression) => void,
): AsyncGenerator<Uint8Array> {
  const head: Uint8Array[] = [];
  let have = 0;
  while (have < MAGIC_BYTES) {
    const next = await chunks.next();
    if (next.done === true) break;
    head.push(next.value);
    have += next.value.length;
  }
  const first = Buffer.concat(head);
  const all = prepend(first, chunks);
  const compression = compressionOf(first);
  tell(compression);
  switch (compression) {
    case 'gzip':
      yield* ungzip(all, name);
      return;
    case 'zstd':
      yield* unzstd(all, name);
      return;
    case 'none':
      yield* all;
  }
}

async function* prepend(
  first: Uint8Array,
  rest: AsyncGenerator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  if (first.length > 0) yield first;
  yield* rest;
}

async function* ungzip(
  chunks: AsyncIterable<Uint8Array>,
  name: string,
): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
  const feeding = feed(chunks, gunzip);
  try {
    for await (const chunk of gunzip) yield chunk as Uint8Array;
    await feeding;
  } catch (error) {
    throw badCompression(name, 'gzip', error);
  }
}

async function feed(
  chunks: AsyncIterable<Uint8Array>,
  into: ReturnType<typeof createGunzip>,
): Promise<void> {
  try {
    for await (const chunk of chunks) {
      if (!into.write(chunk)) await new Promise((resolve) => into.once('drain', resolve));
    }
    into.end();
  } catch (error) {
    into.destroy(error instanceof Error ? error : new Error(String(error)));
  }
}

async function* unzstd(
  chunks: AsyncIterable<Uint8Array>,
  name: string,
): AsyncGenerator<Uint8Array> {
  const out: Uint8Array[] = [];
  const stream = new Decompress((data) => {
    out.push(data);
  });
  const guard = new ZstdGuard(name);
  let tail: Uint8Array | undefined;
  try {
    for await (const chunk of chunks) {
      guard.see(chunk);
      // One chunk is held back, so that the last can be marked as the last.
      if (tail !== undefined) stream.push(tail);
      tail = chunk;
      yield* out.splice(0);
    }
    if (tail !== undefined) stream.push(tail, true);
    yield* out.splice(0);
  } catch (error) {
    yield* out.splice(0);
    throw badCompression(name, 'zstd', error);
  }
}

function badCompression(name: string, kind: Compression, error: unknown): ToolError {
  if (error instanceof ToolError) return error;
  const cut =
    systemErrorCode(error) === 'Z_BUF_ERROR' || /unexpected (?:EOF|end)/i.test(String(error));
  return new ToolError(
    cut ? 'E_TRUNCATED' : 'E_CORRUPT',
    `${name}: its ${kind} data ${cut ? 'ends early' : 'is damaged'}`,
    { cause: error },
  );
}
