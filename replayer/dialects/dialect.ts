// The seam of dialects: one kernel interface's way to say an entry. What it can't say exactly it says
// wider, and that is counted; what it can't say at all is refused with a reason; nothing is dropped.

import type { Named } from '../../collector/base/index.ts';
import type { EventBatch } from '../../collector/model/index.ts';
import type { StepBatch } from '../plan/step-batch.ts';

export interface Dialect extends Named {
  /** Bytes of one encoded entry. */
  readonly entryBytes: number;
  /** Why row `row` cannot be replayed with this dialect; undefined where it can. Barriers never ask. */
  refuse(batch: EventBatch, row: number): string | undefined;
  /** Hardware waits that the kernel's driver makes for one call of so many entries (spec 2.8–2.9). */
  hardwareWaits(entries: number): number;
  /** Pages that the kernel's driver really invalidates for an entry, where its rule is known. */
  hardwarePages?(page: number, pages: number): number;
  /** Encodes entry `entry` of `steps` at byte `at` of `out`. Returns true where it had to be widened. */
  encode(steps: StepBatch, entry: number, out: DataView, at: number): boolean;
}
