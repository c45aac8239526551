// The seam of dialects: one kernel interface's way to say an entry, as one command or several. What it
// can't say exactly it says wider, and that is counted; what it can't say at all it refuses; nothing is dropped.

import type { Named } from '../../collector/base/index.ts';
import type { EventBatch, Family } from '../../collector/model/index.ts';
import type { StepBatch } from '../steps/step-batch.ts';
import type { Carries } from './carriage.ts';

/** How commands become system calls. Issuers read this, never a dialect's name. */
export type CallForm =
  /** An array of commands in one IOMMU_HWPT_INVALIDATE, whose data type this is. */
  | { readonly kind: 'array'; readonly dataType: number }
  /** Each command is the argument of an ioctl of its own. */
  | { readonly kind: 'struct'; readonly request: number }
  /** Each command is a range that is mapped, then unmapped: two ioctls, in the issuer's own structures. */
  | { readonly kind: 'map-unmap' };

export interface Dialect extends Named {
  readonly form: CallForm;
  /**
   * What one call serves (design §13, targets): one guest domain and PASID, one vIOMMU, or one entry. Calls
   * are counted one per step and target.
   */
  readonly serves: 'domain' | 'viommu' | 'entry';
  /** IOMMUs whose recordings it is taken for where the user names none. */
  readonly defaultFor?: readonly Family[];
  /** The only IOMMUs whose requests it is made for; undefined where it says any of them. */
  readonly families?: readonly Family[];
  /** Set where a recording of another IOMMU is planned for it all the same: that IOMMU's name. */
  readonly translatedFrom?: string;
  /** What the interface does with each kind of request. */
  readonly carries: Carries;
  /** Bytes of one encoded command. */
  readonly entryBytes: number;
  /** `refuse` looks at the captured words of a row (`raw`). */
  readonly readsWords: boolean;
  /** Why row `row` cannot be replayed with this dialect; undefined where it can. Barriers never ask. */
  refuse(batch: EventBatch, row: number): string | undefined;
  /** Hardware waits that the kernel's driver makes for one call of so many commands (spec 2.8–2.9). */
  hardwareWaits(commands: number): number;
  /**
   * Pages that the kernel's driver really invalidates for an entry, by that vendor's rule; undefined where the
   * dialect serves any vendor, or the rule is not known.
   */
  hardwarePages?(page: number, pages: number): number;
  /** Commands that entry `entry` takes, where it is not always one. At least one. */
  commandsOf?(steps: StepBatch, entry: number): number;
  /**
   * Pages of entry `entry` that are not invalidated, Infinity where their number is not known; undefined
   * where none ever is left out.
   */
  pagesLeftOut?(steps: StepBatch, entry: number): number;
  /** Set where a page that nobody asked for loses its mapping: then nothing may be widened. */
  readonly unmapsWhatItCovers?: boolean;
  /** True where the commands of entry `entry` ask for more than it does; undefined where none ever does. */
  widens?(steps: StepBatch, entry: number): boolean;
  /** Encodes the commands of entry `entry` from byte `at` of `out` on. */
  encode(steps: StepBatch, entry: number, out: DataView, at: number): void;
}

/** Commands of one entry, whatever the dialect. */
export function commandsOf(dialect: Dialect, steps: StepBatch, entry: number): number {
  return dialect.commandsOf === undefined ? 1 : dialect.commandsOf(steps, entry);
}
