// UTF-16 text, as a Windows console writes it, becomes UTF-8. Told by the byte-order mark, or by every
// second byte being NUL.

/** So many bytes are looked at. */
const LOOKED_AT_BYTES = 512;
const ENOUGH_BYTES = 16;

export type Utf16 = 'utf-16le' | 'utf-16be';

/** Which UTF-16 `head` starts, if any. */
export function utf16Of(head: Uint8Array): Utf16 | undefined {
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le';
  if (head[0] === 0xfe && head[1] === 0xff) return 'utf-16be';
  const length = Math.min(head.length, LOOKED_AT_BYTES) & ~1;
  if (length < ENOUGH_BYTES) return undefined;
  const zeros = [0, 0];
  for (let i = 0; i < length; i++) if (head[i] === 0) zeros[i & 1]++;
  const pairs = length / 2;
  if (zeros[1] >= pairs * 0.9 && zeros[0] === 0) return 'utf-16le';
  if (zeros[0] >= pairs * 0.9 && zeros[1] === 0) return 'utf-16be';
  return undefined;
}

/** `chunks` as UTF-8, without a byte-order mark. */
export async function* fromUtf16(
  chunks: AsyncIterable<Uint8Array>,
  encoding: Utf16,
): AsyncGenerator<Uint8Array> {
  const decoder = new TextDecoder(encoding);
  for await (const chunk of chunks) {
    const text = decoder.decode(chunk, { stream: true });
    if (text.length > 0) yield Buffer.from(text);
  }
  const rest = decoder.decode();
  if (rest.length > 0) yield Buffer.from(rest);
}
