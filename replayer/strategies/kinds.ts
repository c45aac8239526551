// Where one ioctl must end although the strategy would go on.

import type { EntryReader } from '../steps/entry-reader.ts';

/**
 * True where entry `entry` is of another kind than the one before it. With a barrier between the two, the
 * guest's barrier must stay a wait of the hardware's too: a device TLB filled from an IOTLB that is still
 * stale would stay wrong (spec 7.3, 7.6). A call has one wait per 63 commands, at its end.
 */
export function kindChanges(entries: EntryReader, entry: number): boolean {
  return entries.kind[entry - 1] !== entries.kind[entry];
}
