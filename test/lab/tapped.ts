// What a tap recorded of a process that replays, against what was issued: calls with their entries' bytes.

import type { TappedCall } from '../support/tapped.ts';

/**
 * The tap began while the process was at work and ended with it. What it kept must be what was issued, in
 * order: calls byte for byte, or as far as they came where it says that it lost some; all succeeded.
 */
export function tapComplaints(
  tapped: readonly TappedCall[],
  issued: readonly Uint8Array[],
  options: { readonly entryBytes: number; readonly hasLost: boolean },
): readonly string[] {
  const { entryBytes, hasLost } = options;
  const isOf = ({ entries }: TappedCall, call: Uint8Array): boolean =>
    entries.equals(hasLost ? call.subarray(0, entries.length) : call);
  const first = hasLost ? 0 : issued.length - tapped.length;
  if (first < 0) return [`${tapped.length} calls tapped of ${issued.length} issued`];
  let at = first;
  const nextOf = (call: TappedCall): number => {
    const found = issued.findIndex((each, i) => i >= at && isOf(call, each));
    return found < 0 ? issued.length : found;
  };
  const wrong = tapped.findIndex((call) => {
    if (hasLost) at = nextOf(call);
    return at >= issued.length || !isOf(call, issued[at++]);
  });
  const failed = tapped.findIndex(
    ({ entries, result, done }) =>
      result !== 0n || (!hasLost && done !== entries.length / entryBytes),
  );
  return [
    ...(wrong < 0
      ? []
      : [`call ${wrong} of the tap is not among the calls issued, in their order`]),
    ...(failed < 0 ? [] : [`call ${failed} of the tap failed or did not do all its entries`]),
  ];
}
