// The seam of coalescing strategies. A strategy turns the steps of one stream into other steps; the
// first of a chain is given one step per request (what `none` issues). Laws every one must keep:
// each request stays covered by an entry at least as wide, no entry is due before its requests were
// asked, due times never descend, and every barrier is released exactly once or is free.

import type { Named } from '../../collector/base/index.ts';
import type { StepBatch } from '../steps/step-batch.ts';

/** Works on one stream, in order. What is open at the end of a push stays in `output` uncommitted. */
export interface Stage {
  /** Takes all committed steps and free barriers of `input`, which is only read: other chains share it. */
  push(input: StepBatch, output: StepBatch): void;
  /** The stream is over: commits what is open. */
  end(output: StepBatch): void;
}

/** How a parameter's value is written: a whole count, a number of µs, or a duration with its unit. */
export type ParameterKind = 'count' | 'microseconds' | 'duration';

export interface Parameter {
  readonly name: string;
  readonly kind: ParameterKind;
  /** As a user would write it; undefined where the user must give one. */
  readonly default: string;
  readonly help: string;
}

/** Parameter values by name: counts as they are, times in ns. */
export type ParameterValues = Readonly<Record<string, number>>;

export interface Strategy extends Named {
  readonly parameters: readonly Parameter[];
  /** What it groups by when it comes first in a chain; otherwise it works in the groups it is given. */
  readonly standsOn?: 'barrier';
  /** An entry may be issued after a later request's entry. */
  readonly reorders: boolean;
  /** An entry may be wider than what was asked. */
  readonly widens: boolean;
  /** A barrier may be released before its requests are invalidated. */
  readonly defers: boolean;
  /** Steps are cut while running: everything due when the last ioctl returned, up to so many entries. */
  readonly online?: (values: ParameterValues) => { readonly maxEntries: number };
  open(values: ParameterValues): Stage;
}
