// The seam of the replay benchmark's parts: each measures one thing, and says which goals that shows.

import type { Named } from '../../../collector/base/index.ts';
import type { BenchOptions, BenchTable } from '../bench.ts';
import type { Place } from './place.ts';

export interface GoalVerdict {
  /** What was measured, in figures. */
  readonly here: string;
  readonly isReached: boolean;
}

export interface PartResult {
  readonly tables: readonly BenchTable[];
  readonly samples: readonly object[];
  /** One for each of the part's goals, in their order; undefined where a peer that it needs is absent. */
  readonly verdicts: readonly (GoalVerdict | undefined)[];
}

export interface Part extends Named {
  /** False: takes minutes, and runs only when it is asked for. */
  readonly isDefault: boolean;
  readonly goals: readonly string[];
  run(place: Place, options: BenchOptions): PartResult;
}
