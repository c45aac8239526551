// The `vmm` import source. The tap itself is live only; from a file come the payloads that kprobes showed.

import type { ImportSource } from '../source.ts';
import { kprobeText } from './kprobe-text.ts';

export const vmm: ImportSource = {
  name: 'vmm',
  summary: "a VMM's own ioctls with their entries: the text of kprobes on iommufd",
  needs: 'the VMM must have called IOMMU_HWPT_INVALIDATE or unmapped something',
  forms: [kprobeText],
};
