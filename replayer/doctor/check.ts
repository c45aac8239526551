// The seam of doctor's checks: each looks at one thing of this host and says what it found, in lines. A
// check reads; it never opens a device node, loads a module or changes a setting.

import type { Named } from '../../collector/base/index.ts';
import type { HostFiles } from './host-files.ts';

export type Finding = 'ok' | 'missing' | 'unknown' | 'note';

export interface CheckLine {
  readonly what: string;
  readonly finding: Finding;
  readonly detail: string;
  /** What to do, where something can be done. */
  readonly advice?: string;
}

export interface Check extends Named {
  /** `host`: what this host can replay on; `timing`: how exactly. */
  readonly topic: 'host' | 'timing';
  look(files: HostFiles): readonly CheckLine[];
}
