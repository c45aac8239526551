// zstd with bounds: what a frame claims to need is looked at before anything is allocated for it.

import { Decompress } from 'fzstd';

import { ToolError } from './errors.ts';
import { zstdLibrary } from './zstd-library.ts';

/** The largest window that is taken on; what zstd makes without --ultra or --long stays below. */
export const ZSTD_WINDOW_LIMIT_BYTES = 32 * 1024 * 1024;

/** Higher levels gain a tenth at most on columns of numbers. */
const LEVEL = 1;

const MAGIC = 0xfd2fb528;
const SKIPPABLE = 0x184d2a50;
const HEADER_LIMIT_BYTES = 18;
const BLOCK_HEADER_BYTES = 3;
const CONTENT_BYTES = [0, 2, 4, 8] as const;
const DICTIONARY_BYTES = [0, 1, 2, 4] as const;

interface FrameHeader {
  readonly bytes: number;
  /** What a decoder must hold: the window, or the content where the frame is one segment. */
  readonly windowBytes: number;
  readonly hasChecksum: boolean;
  readonly contentBytes: number | undefined;
}

/** Compresses into one frame that says how long its content is. */
export function zstd(bytes: Uint8Array): Uint8Array {
  return zstdLibrary().compress(bytes, LEVEL);
}

/** Decompresses one frame into exactly `plainBytes`. Throws ToolError E_CORRUPT. */
export function unzstd(bytes: Uint8Array, plainBytes: number, what: string): Uint8Array {
  const header = startsFrame(bytes) ? frameHeader(bytes, 0) : undefined;
  const isKnown = header?.contentBytes !== undefined;
  if (header === undefined || (isKnown && header.contentBytes !== plainBytes))
    throw notAsLong(what);
  try {
    // The library allocates what the frame says, so a frame that does not say is streamed.
    const plain = isKnown ? zstdLibrary().decompress(bytes) : streamed(bytes, plainBytes, header);
    if (plain.length === plainBytes) return plain;
  } catch (error) {
    throw new ToolError('E_CORRUPT', `${what}: its zstd data is damaged`, { cause: error });
  }
  throw notAsLong(what);
}

function streamed(bytes: Uint8Array, plainBytes: number, header: FrameHeader): Uint8Array {
  if (header.windowBytes > ZSTD_WINDOW_LIMIT_BYTES) throw new RangeError('window too large');
  const plain = new Uint8Array(plainBytes);
  let at = 0;
  const stream = new Decompress((part) => {
    plain.set(part, at); // throws where it would pass the end
    at += part.length;
  });
  stream.push(bytes, true);
  return plain.subarray(0, at);
}

function startsFrame(bytes: Uint8Array): boolean {
  return (
    bytes.length >= 6 &&
    bytes[0] === 0x28 &&
    bytes[1] === 0xb5 &&
    bytes[2] === 0x2f &&
    bytes[3] === 0xfd
  );
}

function notAsLong(what: string): ToolError {
  return new ToolError('E_CORRUPT', `${what}: its zstd data is not as long as it says`);
}

/** Watches a zstd stream go by and refuses a frame whose window is above the limit, before it is decoded. */
export class ZstdGuard {
  readonly #name: string;
  /** Bytes of the stream still to be stepped over before the next header. */
  #skip = 0;
  #expects: 'frame' | 'block' = 'frame';
  #isLast = false;
  #checksumBytes = 0;
  #carry = new Uint8Array(0);

  constructor(name: string) {
    this.#name = name;
  }

  /** Looks at the next bytes. Throws ToolError. */
  see(chunk: Uint8Array): void {
    let bytes = chunk;
    if (this.#carry.length > 0) {
      bytes = new Uint8Array(this.#carry.length + chunk.length);
      bytes.set(this.#carry);
      bytes.set(chunk, this.#carry.length);
      this.#carry = new Uint8Array(0);
    }
    let at = 0;
    for (;;) {
      if (this.#skip > 0) {
        const step = Math.min(this.#skip, bytes.length - at);
        this.#skip -= step;
        at += step;
        if (this.#skip > 0) return;
      }
      const used = this.#expects === 'block' ? this.#block(bytes, at) : this.#frame(bytes, at);
      if (used === 0) break;
      at += used;
    }
    this.#carry = bytes.slice(at);
  }

  /** Bytes of the block header at `at`, 0 where it is not whole yet. */
  #block(bytes: Uint8Array, at: number): number {
    if (bytes.length - at < BLOCK_HEADER_BYTES) return 0;
    const word = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16);
    const isRle = ((word >> 1) & 3) === 1;
    this.#isLast = (word & 1) !== 0;
    this.#skip = isRle ? 1 : word >> 3;
    if (this.#isLast) {
      this.#skip += this.#checksumBytes;
      this.#expects = 'frame';
    }
    return BLOCK_HEADER_BYTES;
  }

  #frame(bytes: Uint8Array, at: number): number {
    if (bytes.length - at < 8) return 0;
    const view = new DataView(bytes.buffer, bytes.byteOffset + at, bytes.length - at);
    const magic = view.getUint32(0, true);
    if ((magic & 0xfffffff0) >>> 0 === SKIPPABLE) {
      this.#skip = view.getUint32(4, true);
      return 8;
    }
    // What is not a frame is the decoder's to report: it says so by itself.
    if (magic !== MAGIC) return 0;
    const header = frameHeader(bytes, at);
    if (header === undefined) return 0;
    if (header.windowBytes > ZSTD_WINDOW_LIMIT_BYTES) throw this.#tooLarge(header.windowBytes);
    this.#expects = 'block';
    this.#checksumBytes = header.hasChecksum ? 4 : 0;
    return header.bytes;
  }

  #tooLarge(windowBytes: number): ToolError {
    const mebibytes = (bytes: number): string => `${Math.ceil(bytes / 1024 / 1024)} MiB`;
    return new ToolError(
      'E_NOT_SUPPORTED',
      `${this.#name}: its zstd data asks for a window of ${mebibytes(windowBytes)}; up to ${mebibytes(ZSTD_WINDOW_LIMIT_BYTES)} are taken. Nothing was read.`,
      { hint: "unpack it first: 'zstd -d --long=31 FILE'" },
    );
  }
}

/** The header of the frame at `at`; undefined where it is not whole yet. */
function frameHeader(bytes: Uint8Array, at: number): FrameHeader | undefined {
  const descriptor = bytes[at + 4];
  const isSingle = (descriptor & 0x20) !== 0;
  const contentFlag = descriptor >> 6;
  const contentBytes = contentFlag === 0 ? (isSingle ? 1 : 0) : CONTENT_BYTES[contentFlag];
  const dictionary = DICTIONARY_BYTES[descriptor & 3];
  const length = 5 + (isSingle ? 0 : 1) + dictionary + contentBytes;
  if (length > HEADER_LIMIT_BYTES || bytes.length - at < length) return undefined;
  let content = contentFlag === 1 ? 256 : 0;
  for (let i = 0; i < contentBytes; i++) {
    content += bytes[at + length - contentBytes + i] * 256 ** i;
  }
  const base = isSingle ? 0 : 2 ** (10 + (bytes[at + 5] >> 3));
  return {
    bytes: length,
    windowBytes: isSingle ? content : base + (base / 8) * (bytes[at + 5] & 7),
    hasChecksum: (descriptor & 4) !== 0,
    contentBytes: contentBytes === 0 ? undefined : content,
  };
}
