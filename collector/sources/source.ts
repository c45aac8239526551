// The seam of capture sources: bytes in, rows into an EventBuilder, loss counted where it happens.
// A source knows its container (lines, pages, records); what words mean is the decoders' business.

import type { Named } from '../base/index.ts';
import type { EventBuilder, LossLog, TraceHeader } from '../model/index.ts';

/** What a source learnt about its recording; becomes part of the header once the input is read. */
export interface SourceFacts {
  readonly clock: TraceHeader['clock'];
  readonly barriers: TraceHeader['barriers'];
  readonly barrierRule?: string;
  readonly streams: TraceHeader['streams'];
  readonly version?: string;
  readonly detail?: string;
  readonly kernel?: string;
  readonly guest?: string;
  readonly iommu?: string;
}

/** Reads one input. Rows go to the builder it was opened with, in capture order. */
export interface SourceParser {
  readonly losses: LossLog;
  /** Takes the next bytes. Throws ToolError where the input cannot be read at all. */
  push(bytes: Uint8Array): void;
  /** The input is over: takes what was left. Throws ToolError. */
  end(): void;
  /** Valid after `end`. */
  facts(): SourceFacts;
}

export interface ImportSource extends Named {
  /** True where the first bytes (uncompressed) of an input look like this source's. */
  recognises(head: Uint8Array): boolean;
  open(out: EventBuilder): SourceParser;
}
