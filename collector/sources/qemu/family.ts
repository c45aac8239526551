// The seam of event families in a QEMU log: one emulated IOMMU's trace events each. A family is told of
// the lines of its own events only, with the cursor behind the event's name and the space after it.

import type { EventBuilder, Family } from '../../model/index.ts';
import type { TextCursor } from '../../base/index.ts';

/** What a line turned out to be. `damaged` is loss: the event was there and could not be read. */
export type LineVerdict = 'used' | 'damaged';

export interface QemuContext {
  readonly out: EventBuilder;
  readonly cursor: TextCursor;
  /** Time of the current line, for `rowAt`. */
  now(): number;
  /** Where the current line stands, for `lose`. */
  place(): number;
  /** Who the current line's thread is, for `rowAt`; -1 where the line does not tell. */
  waiter(): number;
  /** Adds a row of this family's stream at the time of the current line, asked by its thread. */
  row(): number;
  /** Adds a row at an earlier line's time, asked by that line's waiter. */
  rowAt(now: number, waiter: number): number;
  /** The line shows that the guest's queue is at `at`; `queue` is a number of its own, where the line shows one. */
  position(queue: number, at: number): void;
  /** The row at hand is a wait. */
  waited(): void;
  /**
   * Counts a request that was there and cannot be kept. `kind` names what its lines failed to tell, where they
   * were there and were not understood; it is left out where the log was cut.
   */
  lose(place: number, reason: string, kind?: string): void;
  /** A request of `kind`, which `lose` may name, was kept. */
  kept(kind: string): void;
}

export interface OpenFamily {
  /** Names of the events in the order of `handle`'s first argument. */
  readonly events: readonly string[];
  handle(event: number): LineVerdict;
  /**
   * The log's last line is cut: whatever it belonged to is not whole. The line itself is counted; what it
   * takes with it is the family's to count. `event` is undefined where even the name is cut.
   */
  spoil?(event: number | undefined): void;
  /** The log is over: emit what waits for its end. */
  end?(): void;
  /** Why the guest's waits are not known from what was read, apart from there being none; undefined where they are. */
  unknownWaits?(): string | undefined;
}

export interface QemuFamily {
  readonly name: string;
  readonly family: Family;
  /** The IOMMU for people. */
  readonly iommu: string;
  /** How the family's one ordered queue is called. */
  readonly stream: string;
  /** What a wait is in its log, for messages. */
  readonly wait: string;
  /** Set where the log does not show the waits: the rule they are implied by. */
  readonly barrierRule?: string;
  open(context: QemuContext): OpenFamily;
}
