// The seam of issuers: who owns the file descriptors. An issuer sets up, turns a plan's entries into
// system calls ready to be made, and tears down whatever happens. It touches only the device it was given.

import type { Named } from '../../collector/base/index.ts';
import type { Dialect } from '../dialects/index.ts';
import type { PinnedMemory } from '../loop/pinned.ts';
import type { StepBatch } from '../plan/step-batch.ts';

/** What a number was measured on. Every result, table and chart says which (design 9). */
export type Provenance = 'hardware' | 'lab' | 'null' | 'recording';

export interface IssuerOptions {
  /** PCI address of the device to use, `0000:00:03.0`; only the issuers that need one look at it. */
  readonly device: string | undefined;
}

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

export interface IssuerSession {
  readonly provenance: Provenance;
  /** False where the loop is to run without making its calls. */
  readonly makesSystemCalls: boolean;
  /** One line for people: kernel, device, IOMMU. */
  readonly description: string;
  /** Encodes a stream's plan. Host objects that it needs are made here, before the start. */
  prepare(steps: StepBatch, dialect: Dialect): CallProgram;
  /** Commands that really completed, from what the kernel returned (spec 2.8–2.9). */
  completed(dialect: Dialect, errno: number, reported: number, asked: number): number;
  /** Frees every object. Safe to call twice, and after a failure. */
  close(): void;
}

export interface Issuer extends Named {
  readonly provenances: readonly Provenance[];
  /** Names of the dialects that it can carry. */
  readonly dialects: readonly string[];
  /** What this host lacks for it to carry `dialect`; undefined where it can open. Opens nothing. */
  missing(dialect: Dialect, options: IssuerOptions): string | undefined;
  /** Sets up for `dialect`, one of `dialects`. Throws ToolError; what was made until then is freed again. */
  open(dialect: Dialect, options: IssuerOptions): IssuerSession;
}
