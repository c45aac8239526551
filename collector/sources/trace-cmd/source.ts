// The `trace-cmd` source: the tracepoints of a Linux guest or host as recorded by trace-cmd.

import { GUEST_EVENTS_NEEDED } from '../ftrace/guest-events.ts';
import type { ImportSource } from '../source.ts';
import { traceDatFile } from './trace-dat.ts';

export const traceCmd: ImportSource = {
  name: 'trace-cmd',
  summary: 'trace.dat, versions 6 and 7, plain or zstd: intel_iommu:qi_submit and iommu:unmap',
  needs: GUEST_EVENTS_NEEDED,
  forms: [traceDatFile],
};
