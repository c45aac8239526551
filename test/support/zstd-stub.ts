// zstd frames of raw and run-length blocks, written here: a stand-in for a compressor, valid for any decoder.

const BLOCK_BYTES = 128 * 1024;

/** `plain` as one frame of raw blocks. `windowLog` sets the window that the frame asks for. */
export function zstdStub(plain: Uint8Array, windowLog = 17): Buffer {
  const parts: Buffer[] = [Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, (windowLog - 10) << 3])];
  for (let at = 0; at < plain.length || at === 0; at += BLOCK_BYTES) {
    const block = plain.subarray(at, at + BLOCK_BYTES);
    const isLast = at + BLOCK_BYTES >= plain.length ? 1 : 0;
    const head = Buffer.alloc(3);
    head.writeUIntLE((block.length << 3) | isLast, 0, 3);
    parts.push(head, Buffer.from(block));
  }
  return Buffer.concat(parts);
}
