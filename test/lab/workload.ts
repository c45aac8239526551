// What a guest does while it is recorded. A new recording is one entry in `workloads.ts`.

import type { Named } from '../../collector/base/index.ts';
import type { MachineName } from './machine.ts';

export interface Workload extends Named {
  readonly machine: MachineName;
  /**
   * Shell lines that run inside each guest, with `mark`. Of one guest what lies between marks 1 and 2 is
   * kept; of several, what a recorder attached to all of them gets.
   */
  readonly script: string;
  /** How many at once; one where it is not said. */
  readonly guests?: number;
}
