// The seam of live sources: something that runs and is listened to until it ends or the user has enough.
// A live source attaches, hands bytes to parsers through a Merger, and puts back what it changed.

import type { Named, Terminal } from '../base/index.ts';
import type { TraceHeader } from '../model/index.ts';
import type { Merger } from './merger.ts';

export interface LiveOptions {
  /** qemu: a log to read; `-` is standard input. */
  readonly log: string | undefined;
  /** Wait at the end of the log for more. */
  readonly follow: boolean;
  readonly qmp: readonly string[];
  /** qemu: guests of libvirt's, by name. */
  readonly libvirt: readonly string[];
  /** Wait until they run. */
  readonly wait: boolean;
  /** vmm: the processes whose ioctls to record. qemu: those whose static probes to record. */
  readonly pids: readonly number[];
  readonly doorbells: boolean;
  /** vmm: the maps that succeed too. */
  readonly maps: boolean;
  /** ftrace: bytes of the kernel's buffer for each CPU, undefined where the rate decides; BPF: of the ring buffer. */
  readonly bufferBytes: number | undefined;
  readonly terminal: Terminal;
  /** The user has enough. */
  readonly signal: AbortSignal;
}

/** Facts that only a live source knows; they override what a parser tells. */
export interface LiveFacts {
  readonly clock?: string;
  readonly detail?: string;
  readonly guest?: string;
  readonly kernel?: string;
  readonly pairs?: TraceHeader['clock']['pairs'];
}

export interface Listening {
  /** Listens until the source ends or `signal` aborts. Rows go through the merger; `step` after each part. */
  run(signal: AbortSignal, step: () => void): Promise<void>;
  /** Puts everything back as it was found, then hands over what was still on its way. Call once. */
  detach(): Promise<void>;
  facts(): LiveFacts;
}

/** What a killed recorder left and what became of it: put back, or nothing left to put back. */
export interface Restored {
  readonly what: string;
  readonly result: 'restored' | 'gone';
  /** Where the earlier contents of a log are that had to be emptied. */
  readonly earlier_log?: string;
}

export interface LiveSource extends Named {
  /** Options it takes, for help. */
  readonly usage: string;
  /** Attaches. Throws ToolError with nothing changed. */
  attach(options: LiveOptions, merger: Merger): Promise<Listening>;
  /** Puts back what killed recorders left. Throws ToolError where it cannot be reached. */
  restore?(): Promise<readonly Restored[]>;
}
