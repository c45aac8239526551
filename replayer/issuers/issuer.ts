// The seam of issuers: who owns the file descriptors. An issuer sets up, turns a plan's entries into
// system calls ready to be made, and tears down whatever happens. It touches only the device it was given.

import type { Named } from '../../collector/base/index.ts';
import type { Dialect } from '../dialects/index.ts';
import type { CallProgram } from '../calls/call-program.ts';
import type { StepBatch } from '../steps/step-batch.ts';

/** What a number was measured on. Every result, table and chart says which (design 9). */
export const PROVENANCES = ['hardware', 'lab', 'null', 'recording'] as const;
export type Provenance = (typeof PROVENANCES)[number];

export interface IssuerOptions {
  /** PCI address of the device to use, `0000:00:03.0`; only the issuers that need one look at it. */
  readonly device: string | undefined;
}

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
