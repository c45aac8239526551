// The seam of capture sources: bytes in, rows into an EventBuilder, loss counted where it happens.
// A source knows its containers (lines, pages, records); what words mean is the decoders' business.

import type { Named, RandomInput } from '../base/index.ts';
import type { GuestMap } from './qemu/guest-survey.ts';
import type { LineCount } from './text/line-count.ts';
import type { EventBuilder, HeaderFacts, LossLog, TraceHeader } from '../model/index.ts';

export type ClockStep = TraceHeader['clock_steps'][number];

/** What a source learnt about its recording; becomes part of the header once the input is read. */
export interface SourceFacts {
  readonly clock: TraceHeader['clock'];
  readonly barriers: TraceHeader['barriers'];
  readonly barrierRule?: string;
  /** Which reading of the guest's clock the rows' times are (design 13). */
  readonly arrivals: TraceHeader['arrivals'];
  readonly streams: TraceHeader['streams'];
  readonly viommus: TraceHeader['viommus'];
  /** Empty where the input does not tell who waits. */
  readonly waiters: TraceHeader['waiters'];
  /** Where the clock was set while it was recorded, or its time is not known. */
  readonly clockSteps?: readonly ClockStep[];
  readonly version?: string;
  readonly detail?: string;
  readonly kernel?: string;
  readonly guest?: string;
}

/** The part of a header that comes from a source. */
export function headerFacts(
  facts: SourceFacts,
): Omit<HeaderFacts, 'source' | 'hosts' | 'parent' | 'synthetic'> {
  const { clock, barriers, arrivals, streams, viommus, waiters, kernel, guest } = facts;
  const rule = facts.barrierRule;
  return {
    clock,
    barriers,
    barrier_rule: rule,
    arrivals,
    streams,
    viommus,
    waiters,
    clock_steps: facts.clockSteps === undefined ? undefined : [...facts.clockSteps],
    kernel,
    guest,
  };
}

/** What is known of an input besides its bytes. */
export interface InputHints {
  /** The year of time stamps that show none. */
  readonly year?: number;
  /** When the file was last written. */
  readonly modified?: Date;
  /** Whose lines are whose, where several guests wrote it. */
  readonly guests?: GuestMap;
  /** Its events are known not to be in order of time. */
  readonly isUnordered?: boolean;
}

/** What every open input tells. Rows go to the builder it was opened with, in capture order. */
export interface OpenSource {
  readonly losses: LossLog;
  /** What became of every line, where the input has lines. */
  readonly lines?: LineCount;
  /** Valid once the input is read. */
  facts(): SourceFacts;
  /** What the input held instead, where it held nothing that can be used. */
  insteadFound?(): string | undefined;
  /** What a second reading must know, where the first has shown that one is needed. Valid once the input is read. */
  anotherPass?(): InputHints | undefined;
  /** What was found beside the events: bytes that belong to nothing, and the like. */
  warnings?(): readonly string[];
}

/** Reads one input front to back. */
export interface SourceParser extends OpenSource {
  /** Takes the next bytes. Throws ToolError where the input cannot be read at all. */
  push(bytes: Uint8Array): void;
  /** The input is over: takes what was left. Throws ToolError. */
  end(): void;
}

/** Reads one input in the order it chooses. */
export interface SourceReader extends OpenSource {
  /** Adds rows; yields the bytes done, often enough for the rows to be taken away in between. */
  read(): Generator<number, void, void>;
  /** Gives back what it opened itself. */
  close?(): void;
}

/** A container that is read front to back, from a pipe too. */
export interface StreamForm {
  readonly kind: 'stream';
  readonly name: string;
  /** True where the first bytes (uncompressed) of an input look like this form. */
  recognises(head: Uint8Array): boolean;
  open(out: EventBuilder, hints?: InputHints): SourceParser;
}

/** A container with offsets into itself: needs a file. A pipe is kept in a temporary one first. */
export interface FileForm {
  readonly kind: 'file';
  readonly name: string;
  recognises(head: Uint8Array): boolean;
  open(out: EventBuilder, input: RandomInput): SourceReader;
}

/** A folder of files that belong together. */
export interface FolderForm {
  readonly kind: 'folder';
  readonly name: string;
  /** True where a folder with these entries looks like this form. */
  recognises(entries: readonly string[]): boolean;
  open(out: EventBuilder, path: string): SourceReader;
}

export type SourceForm = StreamForm | FileForm | FolderForm;

export interface ImportSource extends Named {
  /** What an input must hold to be of use; told where nothing was found. */
  readonly needs: string;
  readonly forms: readonly SourceForm[];
}
