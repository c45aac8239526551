// The sources that `iotlb record` knows. A new one is one file and one line here.

import { registry } from '../base/index.ts';
import { ftraceLive } from './ftrace/source.ts';
import type { LiveSource } from './live-source.ts';
import { qemuLive } from './qemu/source.ts';
import { vmmLive } from './vmm/source.ts';

export const liveSources = registry<LiveSource>('live source', [qemuLive, ftraceLive, vmmLive]);
