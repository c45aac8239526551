// What a tap recorded of a process that replays, against the plan: the calls with their entries' bytes.

import { openTrace } from '../../collector/format/index.ts';
import { KIND, KINDS, RAW_BYTES } from '../../collector/model/index.ts';

export interface TappedCall {
  /** Its entries, one after the other. */
  readonly bytes: Uint8Array;
  readonly result: bigint;
  readonly done: number;
}

/**
 * The calls of a tap's one stream, in order. Throws where it holds anything else. What came up to the first
 * return is left out: a tap's probes go on one after the other, and the first calls may be seen in part.
 */
export function tappedCalls(path: string): readonly TappedCall[] {
  using reader = openTrace(path);
  const calls: TappedCall[] = [];
  let entries: Uint8Array[] = [];
  for (const batch of reader.batches()) {
    for (let row = 0; row < batch.count; row++) {
      const raw = batch.raw.slice(row * RAW_BYTES, row * RAW_BYTES + batch.rawLen[row]);
      if (batch.kind[row] === KIND.iotlb) {
        entries.push(raw);
      } else if (batch.kind[row] === KIND.barrier) {
        const words = Buffer.from(raw);
        const done = words.readUInt32LE(8);
        calls.push({ bytes: Buffer.concat(entries), result: words.readBigInt64LE(0), done });
        entries = [];
      } else {
        throw new Error(`${path}: row of kind ${KINDS[batch.kind[row]]} in a tap`);
      }
    }
  }
  return calls.slice(1);
}

/**
 * The tap began while the process was at work and ended with it: its calls must be the last ones issued,
 * byte for byte, and all have succeeded.
 */
export function tapComplaints(
  tapped: readonly TappedCall[],
  issued: readonly Uint8Array[],
  entryBytes: number,
): readonly string[] {
  const first = issued.length - tapped.length;
  if (first < 0) return [`${tapped.length} calls tapped of ${issued.length} issued`];
  const wrong = tapped.findIndex(({ bytes }, at) => !Buffer.from(bytes).equals(issued[first + at]));
  const failed = tapped.findIndex(
    ({ bytes, result, done }) => result !== 0n || done !== bytes.length / entryBytes,
  );
  return [
    ...(wrong < 0 ? [] : [`call ${wrong} of the tap is not call ${first + wrong} of the plan`]),
    ...(failed < 0 ? [] : [`call ${failed} of the tap failed or did not do all its entries`]),
  ];
}
