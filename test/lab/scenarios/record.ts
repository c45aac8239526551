// Recording in the lab: a guest that does I/O from outside and from inside, a process that replays by its
// ioctls, and the replay of each recording.

import type { Scenario } from '../scenario.ts';
import { recordedReads } from './record-io.ts';
import { tappedReplay } from './record-tap.ts';

export const record: Scenario = {
  name: 'record',
  summary: 'a guest recorded over QMP and by ftrace, a replay by its ioctls; each replayed',
  arches: ['x86_64'],
  emulated:
    "real: the guest's I/O and drivers, tracefs, eBPF, iommufd · emulated: the CPU, the IOMMU and the disk",
  run: async (context) => {
    const recorded = await recordedReads(context);
    return [...recorded.parts, ...(await tappedReplay(context, recorded))];
  },
};
