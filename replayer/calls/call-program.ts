// What an issuer hands to the loop: encoded system calls in columns. Says nothing of who encodes or makes them.

import type { PinnedMemory } from './pinned.ts';

/**
 * System calls of one stream in issue order, encoded and pinned. A step's calls are
 * `stepCallEnd[step - 1] … stepCallEnd[step] - 1`.
 */
export interface CallProgram {
  readonly calls: number;
  readonly stepCallEnd: Uint32Array;
  readonly fd: number;
  readonly request: Uint32Array;
  /** Address of each call's argument. */
  readonly argument: Float64Array;
  /** Commands asked in each call; 0 for one that only prepares the next. */
  readonly entries: Uint32Array;
  /** Index in `memory.words` of the word where the kernel writes the entries done; NO_WORD for none. */
  readonly doneWord: Uint32Array;
  /** 1 where the call goes to the target of the one before it with entries that follow in memory. */
  readonly joinable: Uint8Array;
  readonly memory: PinnedMemory;
  /** Commands beyond the plan's entries, because one went to several host objects or took several to say. */
  readonly fanout: number;
}

export const NO_WORD = 0xffff_ffff;
