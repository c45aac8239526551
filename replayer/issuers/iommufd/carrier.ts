// What iommufd needs for one dialect: its own set-up, calls and rule of completion. One file each, one line
// in index.ts.

import type { IssuerSession } from '../issuer.ts';

export interface Carrier {
  /** The dialect that it carries. */
  readonly dialect: string;
  /** Whether it must be told a device; the mock makes its own. */
  readonly needsDevice: boolean;
  /** `device` is undefined where none is needed. Throws ToolError; what was made is freed again. */
  open(device: string | undefined): IssuerSession;
}
