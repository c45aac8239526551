// The seam of event families in a QEMU log: one emulated IOMMU's trace events each. A family is told of
// the lines of its own events only, with the cursor behind the event's name and the space after it.

import type { LossLog } from '../../model/index.ts';
import type { EventBuilder } from '../../model/index.ts';
import type { TextCursor } from '../../base/index.ts';

/** What a line turned out to be. `damaged` is loss: the event was there and could not be read. */
export type LineVerdict = 'kept' | 'used' | 'damaged';

export interface QemuContext {
  readonly out: EventBuilder;
  readonly losses: LossLog;
  readonly cursor: TextCursor;
  /** Adds a row at the time of the current line. */
  row(stream: number): number;
}

export interface OpenFamily {
  /** Names of the events in the order of `handle`'s first argument. */
  readonly events: readonly string[];
  handle(event: number): LineVerdict;
  /** The log is over: emit what waits for its end. */
  end?(): void;
  readonly streams: readonly { readonly id: number; readonly name: string }[];
}

export interface QemuFamily {
  readonly name: string;
  readonly iommu: string;
  open(context: QemuContext): OpenFamily;
}
