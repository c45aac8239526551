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

/** The calls of each thread, in order: its rows up to each barrier. */
export function tappedCalls(path: string): ReadonlyMap<string, readonly TappedCall[]> {
  using reader = openTrace(path);
  const names = new Map(reader.header.streams.map(({ id, name }) => [id, name]));
  const calls = new Map<string, TappedCall[]>();
  const open = new Map<string, Buffer[]>();
  for (const b of reader.batches()) {
    for (let i = 0; i < b.count; i++) {
      const thread = names.get(b.stream[i]) ?? '';
      const raw = Buffer.from(b.raw.subarray(i * RAW_BYTES, i * RAW_BYTES + b.rawLen[i]));
      const entries = open.get(thread) ?? open.set(thread, []).get(thread) ?? [];
      if (b.kind[i] !== KIND.barrier) {
        entries.push(raw);
        continue;
      }
      open.set(thread, []);
      const call = {
        entries: Buffer.concat(entries),
        result: raw.readBigInt64LE(0),
        done: raw.readUInt32LE(8),
        asked: raw.readUInt32LE(12),
        spentNs: raw.readBigUInt64LE(16),
      };
      const done = calls.get(thread);
      if (done === undefined) calls.set(thread, [call]);
      else done.push(call);
    }
  }
  return calls;
}
