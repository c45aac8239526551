// Walks the messages of an Arrow IPC file or stream, by their framing alone. Hostile input: every length
// is checked against what is left of the file before anything is allocated or read.

import { readSync } from 'node:fs';

import { Message, MessageHeader } from 'apache-arrow';

/** First bytes of the sealed (file) form, padded to 8. */
export const FILE_MAGIC = 'ARROW1';

const CONTINUATION = 0xffff_ffff;
const PREFIX_BYTES = 8;
const METADATA_LIMIT_BYTES = 16 * 1024 * 1024;

export type FrameKind = 'schema' | 'dictionary' | 'batch';

export interface Frame {
  readonly kind: FrameKind;
  /** Where the frame's 8-byte prefix starts in the file. */
  readonly offset: number;
  /** Prefix + metadata + body. */
  readonly bytes: number;
}

/** Why the walk stopped: a clean end mark, the end of the file on a frame border, or inside a frame. */
export type FrameEnd =
  | { readonly kind: 'end-mark'; readonly offset: number }
  | { readonly kind: 'border'; readonly offset: number }
  | { readonly kind: 'cut'; readonly offset: number; readonly reason: string };

/** Reads exactly `length` bytes at `offset`, or fewer at the end of the file. */
export function readAt(fd: number, into: Uint8Array, offset: number): number {
  let done = 0;
  while (done < into.length) {
    const got = readSync(fd, into, done, into.length - done, offset + done);
    if (got === 0) break;
    done += got;
  }
  return done;
}

const FRAME_KINDS: Partial<Record<MessageHeader, FrameKind>> = {
  [MessageHeader.Schema]: 'schema',
  [MessageHeader.DictionaryBatch]: 'dictionary',
  [MessageHeader.RecordBatch]: 'batch',
};

/** Steps through frames from one offset on; `next` returns where and why it ended when it does. */
export class FrameWalker {
  readonly #fd: number;
  readonly #size: number;
  readonly #prefix = new Uint8Array(PREFIX_BYTES);
  offset: number;

  constructor(fd: number, size: number, offset: number) {
    this.#fd = fd;
    this.#size = size;
    this.offset = offset;
  }

  next(): Frame | FrameEnd {
    const offset = this.offset;
    const left = this.#size - offset;
    if (left === 0) return { kind: 'border', offset };
    const cut = (reason: string): FrameEnd => ({ kind: 'cut', offset, reason });
    if (left < PREFIX_BYTES) return cut('ends inside a frame prefix');
    if (readAt(this.#fd, this.#prefix, offset) < PREFIX_BYTES)
      return cut('shrank while being read');
    const view = new DataView(this.#prefix.buffer);
    if (view.getUint32(0, true) !== CONTINUATION) return cut('no frame starts here');
    const metadataBytes = view.getInt32(4, true);
    if (metadataBytes === 0) return { kind: 'end-mark', offset };
    if (metadataBytes < 0 || metadataBytes > METADATA_LIMIT_BYTES) {
      return cut(`impossible metadata length ${metadataBytes}`);
    }
    if (metadataBytes + PREFIX_BYTES > left) return cut('ends inside a frame');
    const metadata = new Uint8Array(metadataBytes);
    if (readAt(this.#fd, metadata, offset + PREFIX_BYTES) < metadataBytes) {
      return cut('shrank while being read');
    }
    const message = decodeMessage(metadata);
    if (message === undefined) return cut('frame metadata is not readable');
    const bytes = PREFIX_BYTES + metadataBytes + message.bodyBytes;
    if (bytes > left) return cut('ends inside a frame');
    this.offset = offset + bytes;
    return { kind: message.kind, offset, bytes };
  }
}

function decodeMessage(
  metadata: Uint8Array,
): { readonly kind: FrameKind; readonly bodyBytes: number } | undefined {
  try {
    const message = Message.decode(metadata);
    const bodyBytes = message.bodyLength;
    const kind = FRAME_KINDS[message.headerType];
    if (
      kind === undefined ||
      !Number.isSafeInteger(bodyBytes) ||
      bodyBytes < 0 ||
      bodyBytes % 8 !== 0
    ) {
      return undefined;
    }
    return { kind, bodyBytes };
  } catch {
    // A damaged flatbuffer throws whatever its garbage leads to; that is what "not readable" means.
    return undefined;
  }
}
