// The seam of coalescing strategies. A strategy turns the steps of one stream into other steps; the
// first of a chain is given one step per request (what `none` issues). Laws every one must keep:
// each request stays covered by an entry at least as wide, no entry is due before its requests were
// asked, due times never descend, and every barrier is released exactly once or is free.

import type { Named } from '../../collector/base/index.ts';
import type { StepBatch } from '../steps/step-batch.ts';
import type { Grouping } from './grouping.ts';

/** Works on one stream, in order. What is open at the end of a push stays in `output` uncommitted. */
export interface Stage {
  /** Takes all committed steps and free barriers of `input`, which is only read: other chains share it. */
  push(input: StepBatch, output: StepBatch): void;
  /** The stream is over: commits what is open. */
  end(output: StepBatch): void;
}

/** How a value is written: a whole count, a number of µs, a duration with its unit, or 0 and 1 for no and yes. */
export type ParameterKind = 'count' | 'microseconds' | 'duration' | 'switch';

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
  /** It reads the doorbells of the requests themselves, so it comes first in a chain. */
  readonly comesFirst?: boolean;
  /** How it forms calls in the closed loop (design 13); undefined where it works in the groups it is given. */
  readonly grouping?: (values: ParameterValues) => Grouping;
  /** It does not look at barriers, so that it can be planned where the recording does not show them. */
  readonly ignoresWaits?: true;
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
