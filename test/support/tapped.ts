// What a recording of ioctls holds, call by call, for comparison with what was issued.

import { openTrace } from '../../collector/format/index.ts';
import { KIND, RAW_BYTES } from '../../collector/model/index.ts';

export interface TappedCall {
  /** Bytes of its entries, one after another. */
  readonly entries: Buffer;
  readonly result: bigint;
  readonly done: number;
  readonly asked: number;
  readonly spentNs: bigint;
}

/** The calls of a recording, in the order in which they returned: each stream's rows up to each barrier. */
export function tappedCalls(path: string): readonly TappedCall[] {
  using reader = openTrace(path);
  const calls: TappedCall[] = [];
  const open = new Map<number, Buffer[]>();
  for (const b of reader.batches()) {
    for (let i = 0; i < b.count; i++) {
      const stream = b.stream[i];
      const raw = Buffer.from(b.raw.subarray(i * RAW_BYTES, i * RAW_BYTES + b.rawLen[i]));
      const entries = open.get(stream) ?? open.set(stream, []).get(stream) ?? [];
      if (b.kind[i] !== KIND.barrier) {
        entries.push(raw);
        continue;
      }
      open.set(stream, []);
      calls.push({
        entries: Buffer.concat(entries),
        result: raw.readBigInt64LE(0),
        done: raw.readUInt32LE(8),
        asked: raw.readUInt32LE(12),
        spentNs: raw.readBigUInt64LE(16),
      });
    }
  }
  return calls;
}
