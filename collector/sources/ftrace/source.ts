// The `ftrace` source: tracepoints of a Linux guest or host, as tracefs prints them or as its raw pages.

import type { ImportSource } from '../source.ts';
import { GUEST_EVENTS_NEEDED } from './guest-events.ts';
import { ftraceRawFolder } from './raw-folder.ts';
import { ftraceText } from './text.ts';

export const ftrace: ImportSource = {
  name: 'ftrace',
  summary:
    'tracefs text of intel_iommu:qi_submit and iommu:unmap, or a folder of raw pages with format files',
  needs: GUEST_EVENTS_NEEDED,
  forms: [ftraceText, ftraceRawFolder],
};
