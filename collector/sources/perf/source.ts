// The `perf` source: the tracepoints of a Linux guest or host as recorded by perf.

import { GUEST_EVENTS_NEEDED } from '../ftrace/guest-events.ts';
import type { ImportSource } from '../source.ts';
import { perfDataFile } from './perf-data.ts';

export const perf: ImportSource = {
  name: 'perf',
  summary: 'perf.data, file or piped: samples of intel_iommu:qi_submit and iommu:unmap',
  needs: GUEST_EVENTS_NEEDED,
  forms: [perfDataFile],
};
