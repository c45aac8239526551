// The taps of the `vmm` source, the better one first. A new one is one file and one line here.

import { bpftraceTap } from './bpftrace.ts';
import { kprobeTap } from './kprobes.ts';
import type { Tap } from './tap.ts';

export const taps: readonly Tap[] = [bpftraceTap, kprobeTap];
