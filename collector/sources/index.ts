// The capture sources that read files. A new one is one file and one line here.

import { registry } from '../base/index.ts';
import { ftrace } from './ftrace/source.ts';
import { perf } from './perf/source.ts';
import { qemu } from './qemu/source.ts';
import type { ImportSource } from './source.ts';
import { traceCmd } from './trace-cmd/source.ts';
import { vmm } from './vmm/source.ts';

export type * from './source.ts';

export const importSources = registry<ImportSource>('source', [qemu, vmm, ftrace, traceCmd, perf]);
