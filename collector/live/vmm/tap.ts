// The seam of taps: a way to see a process's ioctls. Each says what this host lacks for it; the first that
// lacks nothing is used.

import type { ToolError } from '../../base/index.ts';
import type { Merger } from '../merger.ts';

export interface TapOptions {
  readonly pids: readonly number[];
  readonly merger: Merger;
  /** Bytes of the kernel's buffer for each CPU. */
  readonly bufferBytes: number;
}

export interface OpenTap {
  /** How it taps, for the recording's header. */
  readonly detail: string;
  /** Settles when it ends by itself; rejects where what came could not be taken. */
  readonly ended: Promise<void>;
  /** Called after each part of input. */
  onRows: () => void;
  /** Ends the tap; what was on its way is taken first. */
  close(): Promise<void>;
}

export interface Tap {
  readonly name: string;
  /** What this host lacks for it. */
  missing(): ToolError | undefined;
  /** Throws ToolError with nothing changed. */
  open(options: TapOptions): Promise<OpenTap>;
  /** Removes what killed recorders left; names it. */
  restore?(): readonly string[];
}
