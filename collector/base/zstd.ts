// zstd with bounds: what a frame claims to need is looked at before anything is allocated for it.

import { ToolError } from './errors.ts';
import { ZSTD_WINDOW_LIMIT_BYTES, frameHeader, type FrameHeader } from './zstd-frame.ts';
import { zstdLibrary } from './zstd-library.ts';
import { ZstdStream } from './zstd-stream.ts';

/** Higher levels gain a tenth at most on columns of numbers. */
const LEVEL = 1;

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
  const stream = new ZstdStream('it', (part) => {
    plain.set(part, at); // throws where it would pass the end
    at += part.length;
  });
  stream.push(bytes);
  stream.end();
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
