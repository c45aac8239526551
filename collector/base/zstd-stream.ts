// A zstd stream, frame by frame, as it comes: bounds are looked at before anything is allocated, and each
// frame's content against the checksum and the length that it states. The decoder checks neither.

import { Decompress } from 'fzstd';

import { ToolError } from './errors.ts';
import { Xxh64 } from './xxh64.ts';
import {
  ZSTD_MAGIC,
  ZSTD_SKIPPABLE,
  ZSTD_WINDOW_LIMIT_BYTES,
  frameHeader,
  type FrameHeader,
} from './zstd-frame.ts';

const BLOCK_HEADER_BYTES = 3;
const CHECKSUM_BYTES = 4;
const ZERO = new Uint8Array(0);

interface OpenFrame {
  /** Where it starts in the stored bytes. */
  readonly start: number;
  readonly header: FrameHeader;
  readonly decoder: Decompress;
  readonly hash: Xxh64 | undefined;
  contentBytes: number;
}

export class ZstdStream {
  /** Bytes behind the last frame that are no frame. */
  trailingBytes = 0;
  readonly #name: string;
  readonly #emit: (bytes: Uint8Array) => void;
  #frames = 0;
  /** Stored bytes that are dealt with. */
  #done = 0;
  #frame: OpenFrame | undefined;
  #expects: 'frame' | 'block' | 'checksum' | 'nothing' = 'frame';
  /** Bytes that belong to the frame's current block, or to a frame that is skipped. */
  #body = 0;
  #isLastBlock = false;
  #carry: Uint8Array = ZERO;

  /** `emit` is given the content as it is decoded; it may keep the bytes. */
  constructor(name: string, emit: (bytes: Uint8Array) => void) {
    this.#name = name;
    this.#emit = emit;
  }

  /** Takes the next bytes. Throws ToolError, after all content before the damage was handed over. */
  push(chunk: Uint8Array): void {
    const bytes = joined(this.#carry, chunk);
    this.#carry = ZERO;
    let at = 0;
    while (at < bytes.length) {
      const used = this.#step(bytes, at);
      if (used === 0) break;
      at += used;
      this.#done += used;
    }
    this.#carry = bytes.slice(at);
  }

  /** The stream is over. Throws ToolError where that is in the middle of a frame. */
  end(): void {
    if (this.#expects === 'frame' && this.#body === 0) {
      if (this.#carry.length === 0) return;
      if (this.#frames > 0 && !isStartOfFrame(this.#carry)) {
        this.trailingBytes = this.#carry.length;
        return;
      }
    }
    if (this.#expects === 'nothing') return;
    throw new ToolError('E_TRUNCATED', `${this.#name}: its zstd data ends early`);
  }

  /** Bytes used of `bytes` from `at` on; 0 where more are needed. */
  #step(bytes: Uint8Array, at: number): number {
    if (this.#body > 0) return this.#blockBody(bytes, at);
    switch (this.#expects) {
      case 'frame':
        return this.#startFrame(bytes, at);
      case 'block':
        return this.#blockHeader(bytes, at);
      case 'checksum':
        return this.#checksum(bytes, at);
      case 'nothing':
        this.trailingBytes += bytes.length - at;
        return bytes.length - at;
    }
  }

  #startFrame(bytes: Uint8Array, at: number): number {
    if (bytes.length - at < 8) return 0;
    const view = new DataView(bytes.buffer, bytes.byteOffset + at, bytes.length - at);
    const magic = view.getUint32(0, true);
    if ((magic & 0xfffffff0) >>> 0 === ZSTD_SKIPPABLE) {
      this.#body = view.getUint32(4, true);
      return 8;
    }
    if (magic !== ZSTD_MAGIC) {
      if (this.#frames === 0) throw this.#damaged(undefined, 'is damaged at its start');
      this.#expects = 'nothing';
      return this.#step(bytes, at);
    }
    const header = frameHeader(bytes, at);
    if (header === undefined) return 0;
    if (header.windowBytes > ZSTD_WINDOW_LIMIT_BYTES) throw this.#tooLarge(header.windowBytes);
    this.#frames++;
    const hash = header.hasChecksum ? new Xxh64() : undefined;
    const frame: OpenFrame = {
      start: this.#done,
      header,
      hash,
      contentBytes: 0,
      decoder: new Decompress((content) => {
        if (content.length === 0) return;
        hash?.update(content);
        frame.contentBytes += content.length;
        this.#emit(content);
      }),
    };
    this.#frame = frame;
    this.#decode(frame, bytes.slice(at, at + header.bytes), false);
    this.#expects = 'block';
    return header.bytes;
  }

  #blockHeader(bytes: Uint8Array, at: number): number {
    if (bytes.length - at < BLOCK_HEADER_BYTES) return 0;
    const word = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16);
    const isRle = ((word >> 1) & 3) === 1;
    this.#isLastBlock = (word & 1) !== 0;
    this.#body = BLOCK_HEADER_BYTES + (isRle ? 1 : word >> 3);
    return this.#step(bytes, at);
  }

  /** The current block's bytes, its header too, as far as they are there. */
  #blockBody(bytes: Uint8Array, at: number): number {
    const used = Math.min(this.#body, bytes.length - at);
    this.#body -= used;
    const frame = this.#frame;
    if (frame === undefined) return used; // skipped
    const isEnd = this.#body === 0 && this.#isLastBlock;
    this.#decode(frame, bytes.slice(at, at + used), isEnd && frame.hash === undefined);
    if (isEnd) {
      if (frame.hash === undefined) this.#endFrame(frame);
      else this.#expects = 'checksum';
    }
    return used;
  }

  #checksum(bytes: Uint8Array, at: number): number {
    const frame = this.#frame;
    if (bytes.length - at < CHECKSUM_BYTES || frame === undefined) return 0;
    const stored = new DataView(bytes.buffer, bytes.byteOffset + at).getUint32(0, true);
    this.#decode(frame, bytes.slice(at, at + CHECKSUM_BYTES), true);
    if (frame.hash?.low32() !== stored) {
      throw this.#damaged(
        frame,
        'is damaged: its content does not have the checksum that was stored with it',
      );
    }
    this.#endFrame(frame);
    return CHECKSUM_BYTES;
  }

  #endFrame(frame: OpenFrame): void {
    const { contentBytes } = frame.header;
    if (contentBytes !== undefined && contentBytes !== frame.contentBytes) {
      throw this.#damaged(
        frame,
        `is damaged: it has ${frame.contentBytes} bytes of content where it states ${contentBytes}`,
      );
    }
    this.#frame = undefined;
    this.#expects = 'frame';
  }

  #decode(frame: OpenFrame, bytes: Uint8Array, isLast: boolean): void {
    try {
      frame.decoder.push(bytes, isLast);
    } catch (error) {
      if (error instanceof ToolError) throw error;
      throw this.#damaged(frame, 'is damaged', error);
    }
  }

  #damaged(frame: OpenFrame | undefined, what: string, cause?: unknown): ToolError {
    const from = frame?.start ?? this.#done;
    const place = ` (between byte ${from} and byte ${Math.max(from, this.#done)} of what is stored)`;
    return new ToolError('E_CORRUPT', `${this.#name}: its zstd data ${what}${place}`, { cause });
  }

  #tooLarge(windowBytes: number): ToolError {
    const mebibytes = (bytes: number): string => `${Math.ceil(bytes / 1024 / 1024)} MiB`;
    return new ToolError(
      'E_NOT_SUPPORTED',
      `${this.#name}: its zstd data needs a window of ${mebibytes(windowBytes)}; at most ${mebibytes(ZSTD_WINDOW_LIMIT_BYTES)} are supported. Nothing was read.`,
      { hint: "unpack it first: 'zstd -d --long=31 FILE'" },
    );
  }
}

function isStartOfFrame(bytes: Uint8Array): boolean {
  const magic = [0x28, 0xb5, 0x2f, 0xfd];
  return magic.every((byte, i) => i >= bytes.length || bytes[i] === byte);
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  if (first.length === 0) return second;
  const bytes = new Uint8Array(first.length + second.length);
  bytes.set(first);
  bytes.set(second, first.length);
  return bytes;
}
