// Walks the messages of an Arrow IPC file or stream, by their framing alone. Hostile input: every length
// is checked against what is left of the file before anything is allocated or read.

import { readSync } from 'node:fs';

import { readMessage, type MessageInfo } from './message.ts';

/** First bytes of the sealed (file) form, padded to 8. */
export const FILE_MAGIC = 'ARROW1';

export const PREFIX_BYTES = 8;
export const CONTINUATION = 0xffff_ffff;
const METADATA_LIMIT_BYTES = 16 * 1024 * 1024;

export interface Frame {
  readonly kind: MessageInfo['kind'];
  /** Where the frame's 8-byte prefix starts in the file. */
  readonly offset: number;
  /** Prefix + metadata + body. */
  readonly bytes: number;
  readonly message: MessageInfo;
}

/** Why there is no frame: a clean end mark, the end of the file on a frame border or inside a frame, or garbage. */
export type FrameEnd =
  | { readonly kind: 'end-mark'; readonly offset: number }
  | { readonly kind: 'border'; readonly offset: number }
  | { readonly kind: 'cut'; readonly offset: number }
  | { readonly kind: 'garbage'; readonly offset: number; readonly reason: string };

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

const prefix = new Uint8Array(PREFIX_BYTES);
const prefixView = new DataView(prefix.buffer);

/** The frame at `offset` of a file of `size` bytes, or why there is none. */
export function frameAt(fd: number, size: number, offset: number): Frame | FrameEnd {
  const left = size - offset;
  if (left <= 0) return { kind: 'border', offset };
  const got = readAt(fd, prefix.subarray(0, Math.min(PREFIX_BYTES, left)), offset);
  if (got >= 4 && prefixView.getUint32(0, true) !== CONTINUATION) {
    return { kind: 'garbage', offset, reason: 'no frame starts here' };
  }
  if (got < PREFIX_BYTES) return { kind: 'cut', offset };
  const metadataBytes = prefixView.getInt32(4, true);
  if (metadataBytes === 0) return { kind: 'end-mark', offset };
  // Arrow pads metadata to 8 bytes; the views of a body rely on it.
  if (metadataBytes < 0 || metadataBytes > METADATA_LIMIT_BYTES || metadataBytes % 8 !== 0) {
    return { kind: 'garbage', offset, reason: `impossible metadata length ${metadataBytes}` };
  }
  if (metadataBytes + PREFIX_BYTES > left) return { kind: 'cut', offset };
  const metadata = new Uint8Array(metadataBytes);
  if (readAt(fd, metadata, offset + PREFIX_BYTES) < metadataBytes) return { kind: 'cut', offset };
  const message = readMessage(metadata);
  if (message === undefined) {
    return { kind: 'garbage', offset, reason: 'frame metadata is not readable' };
  }
  const bytes = PREFIX_BYTES + metadataBytes + message.bodyBytes;
  if (bytes > left) return { kind: 'cut', offset };
  return { kind: message.kind, offset, bytes, message };
}

export function isFrame(found: Frame | FrameEnd): found is Frame {
  return 'message' in found;
}
