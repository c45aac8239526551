// Opens an input for import: a file or standard input, plain, gzip or zstd (also one in the other), UTF-8 or
// UTF-16, as a stream of byte chunks. Both are told from the first bytes, never from the name.

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';

import { ToolError, fileError } from './errors.ts';
import { refuseForeign } from './foreign-forms.ts';
import { gunzip } from './gzip-stream.ts';
import { fromUtf16, utf16Of } from './text-encoding.ts';
import { ZstdStream } from './zstd-stream.ts';

const CHUNK_BYTES = 1024 * 1024;
/** As far as the magic of a tar archive. */
const HEAD_BYTES = 512;
const STANDARD_INPUT = 'standard input';

type Compression = 'none' | 'gzip' | 'zstd';

export interface Input {
  /** How messages name it. */
  readonly name: string;
  /** Bytes of the file as stored; undefined for standard input. Progress is counted in these. */
  readonly storedBytes: number | undefined;
  /** Stored bytes read so far. */
  readonly storedDone: () => number;
  readonly chunks: AsyncIterable<Uint8Array>;
  /** True where the content is compressed or encoded. Known once the first chunk came. */
  readonly isCompressed: () => boolean;
  /** What was found beside the content, as it comes. */
  readonly warnings: readonly string[];
  /** SHA-256 of the stored bytes read so far, `sha256:…`. */
  readonly digest: () => string;
}

/** Opens `path`, or standard input for `-`. Errors come as ToolError from the iteration. */
export function openInput(path: string, storedBytes: number | undefined): Input {
  const name = path === '-' ? STANDARD_INPUT : path;
  const source: Readable =
    path === '-' ? process.stdin : createReadStream(path, { highWaterMark: CHUNK_BYTES });
  let done = 0;
  let layers = 0;
  const warnings: string[] = [];
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
    chunks: decompressed(counted(), name, {
      layer: () => {
        layers++;
      },
      warn: (text) => {
        warnings.push(text);
      },
    }),
    isCompressed: () => layers > 0,
    warnings,
    digest: () => `sha256:${hash.copy().digest('hex')}`,
  };
}

function compressionOf(head: Uint8Array): Compression {
  if (head[0] === 0x1f && head[1] === 0x8b) return 'gzip';
  if (head[0] === 0x28 && head[1] === 0xb5 && head[2] === 0x2f && head[3] === 0xfd) return 'zstd';
  return 'none';
}

/** What stands around the content, from the outside in: two compressions at most, then an encoding. */
const LAYERS_LIMIT = 3;

async function* decompressed(
  stored: AsyncGenerator<Uint8Array>,
  name: string,
  tell: Telling,
): AsyncGenerator<Uint8Array> {
  let chunks = stored;
  for (let layer = 0; ; layer++) {
    const { head, all } = await peek(chunks);
    const compression = compressionOf(head);
    if (compression === 'none') {
      const encoding = utf16Of(head);
      if (encoding !== undefined) {
        tell.layer();
        yield* fromUtf16(all, encoding);
        return;
      }
      refuseForeign(head, name, name === STANDARD_INPUT ? 'FILE' : name);
      yield* all;
      return;
    }
    if (layer === LAYERS_LIMIT) {
      throw new ToolError(
        'E_FORMAT',
        `${name}: is compressed more than ${LAYERS_LIMIT} times over; nothing was written`,
        { hint: 'unpack it first' },
      );
    }
    tell.layer();
    chunks = compression === 'gzip' ? ungzip(all, name, tell) : unzstd(all, name, tell);
  }
}

interface Telling {
  /** The content is not what is stored. */
  layer(): void;
  /** Something to know that hinders nothing. */
  warn(text: string): void;
}

/** The first bytes of `chunks`, and all of them again. */
async function peek(chunks: AsyncGenerator<Uint8Array>): Promise<{
  readonly head: Uint8Array;
  readonly all: AsyncGenerator<Uint8Array>;
}> {
  const parts: Uint8Array[] = [];
  let have = 0;
  let failure: { readonly error: unknown } | undefined;
  while (have < HEAD_BYTES) {
    try {
      const next = await chunks.next();
      if (next.done === true) break;
      parts.push(next.value);
      have += next.value.length;
    } catch (error) {
      // What came before the damage comes first here too.
      failure = { error };
      break;
    }
  }
  async function* again(): AsyncGenerator<Uint8Array> {
    for (const part of parts) yield part;
    if (failure !== undefined) throw failure.error;
    yield* chunks;
  }
  return { head: Buffer.concat(parts), all: again() };
}

async function* ungzip(
  chunks: AsyncIterable<Uint8Array>,
  name: string,
  tell: Telling,
): AsyncGenerator<Uint8Array> {
  const { trailingBytes } = yield* gunzip(chunks, name);
  if (trailingBytes > 0) tell.warn(trailing(name, 'gzip', trailingBytes));
}

async function* unzstd(
  chunks: AsyncIterable<Uint8Array>,
  name: string,
  tell: Telling,
): AsyncGenerator<Uint8Array> {
  const out: Uint8Array[] = [];
  const stream = new ZstdStream(name, (content) => {
    out.push(content);
  });
  for await (const chunk of chunks) {
    try {
      stream.push(chunk);
    } catch (error) {
      yield* out.splice(0);
      throw error;
    }
    yield* out.splice(0);
  }
  stream.end();
  if (stream.trailingBytes > 0) tell.warn(trailing(name, 'zstd', stream.trailingBytes));
}

function trailing(name: string, kind: Compression, bytes: number): string {
  return `${name}: ${bytes} ${bytes === 1 ? 'byte follows' : 'bytes follow'} the end of its ${kind} data and ${bytes === 1 ? 'was' : 'were'} not read`;
}
