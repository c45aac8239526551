// The event families that the QEMU log source knows. A new one is one file and one line here.

import type { QemuFamily } from './family.ts';
import { vtdFamily } from './vtd.ts';

export const qemuFamilies: readonly QemuFamily[] = [vtdFamily];
