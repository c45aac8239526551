// The seam of benchmarks: what a module offers to `npm run bench`, and what it hands back to be printed.

import type { Named } from '../../collector/base/index.ts';

export interface BenchOptions {
  /** Undefined: as many as the module finds enough. */
  readonly rounds: number | undefined;
  /** Names of the peers to run; undefined: all. */
  readonly only: readonly string[] | undefined;
  /** One line of what is being done. */
  readonly story: (line: string) => void;
}

export interface BenchReport {
  /** Rows of cells; the first of each table is its heading. */
  readonly tables: readonly (readonly (readonly string[])[])[];
  readonly notes: readonly string[];
  readonly environment: object;
  /** Every sample, for --json. */
  readonly samples: readonly object[];
}

export interface Bench extends Named {
  run(options: BenchOptions): Promise<BenchReport>;
}
