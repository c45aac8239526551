// Records of the tap's ring buffer, made by hand as tap.h has them.

import { HEAD_BYTES, PROBE, RECORD } from '../../collector/sources/vmm/layout.ts';

export interface SaidRecord {
  readonly process?: number;
  readonly thread?: number;
  readonly fd?: number;
  readonly ns: number;
  readonly lost?: number;
  readonly object?: number;
  readonly dataType?: number;
}

const START_NS = 400n * 86_400_000_000_000n; // a machine that has run for more than 2^53 ns

function record(
  kind: number,
  said: SaidRecord,
  { entryBytes, count, payload }: { entryBytes: number; count: number; payload: Uint8Array },
): Buffer {
  const bytes = Buffer.alloc(HEAD_BYTES + Math.ceil(payload.length / 8) * 8);
  bytes.writeUInt32LE(kind, 0);
  bytes.writeUInt32LE(said.process ?? 100, 4);
  bytes.writeUInt32LE(said.thread ?? 101, 8);
  bytes.writeUInt32LE(said.fd ?? 7, 12);
  bytes.writeBigUInt64LE(START_NS + BigInt(said.ns), 16);
  bytes.writeBigUInt64LE(BigInt(said.lost ?? 0), 24);
  bytes.writeUInt32LE(said.object ?? 5, 32);
  bytes.writeUInt32LE(said.dataType ?? 0, 36);
  bytes.writeUInt32LE(entryBytes, 40);
  bytes.writeUInt32LE(count, 44);
  bytes.set(payload, HEAD_BYTES);
  return bytes;
}

/** Entries of IOMMU_HWPT_INVALIDATE, each of the same number of 64-bit words. */
export function entriesRecord(said: SaidRecord, entries: readonly (readonly bigint[])[]): Buffer {
  const words = entries.flat();
  const payload = Buffer.alloc(words.length * 8);
  words.forEach((word, i) => payload.writeBigUInt64LE(word, 8 * i));
  const entryBytes = (entries[0]?.length ?? 0) * 8;
  return record(RECORD.entries, said, { entryBytes, count: entries.length, payload });
}

export function unmapRecord(said: SaidRecord, iova: bigint, length: bigint): Buffer {
  const payload = Buffer.alloc(16);
  payload.writeBigUInt64LE(iova, 0);
  payload.writeBigUInt64LE(length, 8);
  return record(RECORD.unmap, said, { entryBytes: 16, count: 1, payload });
}

export function mapRecord(said: SaidRecord, iova: bigint, length: bigint): Buffer {
  const made = unmapRecord(said, iova, length);
  made.writeUInt32LE(RECORD.map, 0);
  return made;
}

export function returnRecord(
  said: SaidRecord,
  {
    result,
    done,
    asked,
    beganNs,
  }: { result: bigint; done: number; asked: number; beganNs: number },
): Buffer {
  const payload = Buffer.alloc(24);
  payload.writeBigInt64LE(result, 0);
  payload.writeUInt32LE(done, 8);
  payload.writeUInt32LE(asked, 12);
  payload.writeBigUInt64LE(START_NS + BigInt(beganNs), 16);
  return record(RECORD.return, said, { entryBytes: 0, count: 0, payload });
}

/** A static probe that fired; `object` is its index. */
export function probeRecord(
  said: SaidRecord,
  { args, text }: { readonly args: readonly bigint[]; readonly text: string },
): Buffer {
  const payload = Buffer.alloc(PROBE.text + PROBE.textBytes);
  args.forEach((value, i) => payload.writeBigUInt64LE(value, 8 * i));
  payload.write(text, PROBE.text, 'latin1');
  return record(RECORD.probe, said, { entryBytes: 0, count: args.length, payload });
}
