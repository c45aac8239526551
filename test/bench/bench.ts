// The seam of benchmarks: what a module offers to `npm run bench`, and what it hands back to be printed.

import type { Named } from '../../collector/base/index.ts';

export interface BenchOptions {
  /** Undefined: as many as the module finds enough. */
  readonly rounds: number | undefined;
  /** Names of the peers to run; undefined: all. */
  readonly only: readonly string[] | undefined;
  /** Names of the module's parts to run; undefined: those it finds short enough. */
  readonly parts: readonly string[] | undefined;
  /** Folder of a tcpreplay's source, to be built and run beside the installed one. */
  readonly tcpreplaySource: string | undefined;
  /** What runs beside, one after the other, as `--load` writes it; undefined: nothing. */
  readonly load: string | undefined;
  /** One line of what is being done. */
  readonly story: (line: string) => void;
}

export interface BenchTable {
  /** Undefined: the benchmark's only table. */
  readonly title?: string;
  /** Rows of cells; the first is the heading. */
  readonly rows: readonly (readonly string[])[];
}

export interface BenchReport {
  readonly tables: readonly BenchTable[];
  readonly notes: readonly string[];
  readonly environment: object;
  /** Every sample, for --json. */
  readonly samples: readonly object[];
}

export interface Bench extends Named {
  run(options: BenchOptions): Promise<BenchReport>;
}
