// The header of a zstd frame (RFC 8878, 3.1.1.1): what a decoder would have to hold, before it holds it.

/** The largest window that is taken on; what zstd makes without --ultra or --long stays below. */
export const ZSTD_WINDOW_LIMIT_BYTES = 32 * 1024 * 1024;

export const ZSTD_MAGIC = 0xfd2fb528;
export const ZSTD_SKIPPABLE = 0x184d2a50;

const HEADER_LIMIT_BYTES = 18;
const CONTENT_BYTES = [0, 2, 4, 8] as const;
const DICTIONARY_BYTES = [0, 1, 2, 4] as const;

export interface FrameHeader {
  readonly bytes: number;
  /** What a decoder must hold: the window, or the content where the frame is one segment. */
  readonly windowBytes: number;
  readonly hasChecksum: boolean;
  readonly contentBytes: number | undefined;
}

/** The header of the frame at `at`; undefined where it is not whole yet. */
export function frameHeader(bytes: Uint8Array, at: number): FrameHeader | undefined {
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
