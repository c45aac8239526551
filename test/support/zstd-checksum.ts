// A zstd frame with a content checksum, and XXH64 as its definition reads: slow, for tests.

import { zstd } from '../../collector/base/index.ts';

const MASK = (1n << 64n) - 1n;
const [P1, P2, P3, P4, P5] = [
  0x9e3779b185ebca87n,
  0xc2b2ae3d27d4eb4fn,
  0x165667b19e3779f9n,
  0x85ebca77c2b2ae63n,
  0x27d4eb2f165667c5n,
];
const CHECKSUM_FLAG = 4;

/** `plain` as one frame that ends in the checksum of its content. */
export function checksummedZstd(plain: Uint8Array): Buffer {
  const frame = Buffer.from(zstd(plain));
  frame[4] |= CHECKSUM_FLAG;
  const sum = Buffer.alloc(4);
  sum.writeUInt32LE(slowXxh64(plain));
  return Buffer.concat([frame, sum]);
}

/** The low 32 bits of XXH64, seed 0. */
export function slowXxh64(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  let hash = P5;
  if (bytes.length >= 32) {
    const lanes = [(P1 + P2) & MASK, P2, 0n, -P1 & MASK];
    for (; at + 32 <= bytes.length; at += 32)
      for (let i = 0; i < 4; i++) lanes[i] = round(lanes[i], view.getBigUint64(at + i * 8, true));
    hash = lanes.reduce((sum, lane, i) => (sum + turn(lane, [1, 7, 12, 18][i])) & MASK, 0n);
    for (const lane of lanes) hash = ((hash ^ round(0n, lane)) * P1 + P4) & MASK;
  }
  hash = (hash + BigInt(bytes.length)) & MASK;
  for (; at + 8 <= bytes.length; at += 8)
    hash = (turn(hash ^ round(0n, view.getBigUint64(at, true)), 27) * P1 + P4) & MASK;
  if (at + 4 <= bytes.length) {
    hash = (turn(hash ^ ((BigInt(view.getUint32(at, true)) * P1) & MASK), 23) * P2 + P3) & MASK;
    at += 4;
  }
  for (; at < bytes.length; at++)
    hash = (turn(hash ^ ((BigInt(bytes[at]) * P5) & MASK), 11) * P1) & MASK;
  hash = ((hash ^ (hash >> 33n)) * P2) & MASK;
  hash = ((hash ^ (hash >> 29n)) * P3) & MASK;
  return Number((hash ^ (hash >> 32n)) & 0xffff_ffffn);
}

function turn(word: bigint, bits: number): bigint {
  return ((word << BigInt(bits)) | (word >> BigInt(64 - bits))) & MASK;
}

function round(lane: bigint, word: bigint): bigint {
  return (turn((lane + word * P2) & MASK, 31) * P1) & MASK;
}
