// The capture sources that read files. A new one is one file and one line here.

import { registry } from '../base/index.ts';
import { qemuLog } from './qemu/log.ts';
import type { ImportSource } from './source.ts';

export type { ImportSource, SourceFacts, SourceParser } from './source.ts';

export const importSources = registry<ImportSource>('source', [qemuLog]);
