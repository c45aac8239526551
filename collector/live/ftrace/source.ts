// The live `ftrace` source: the IOMMU tracepoints of this kernel, through an instance of our own.

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { ToolError } from '../../base/index.ts';
import { EVENT_ROLES } from '../../sources/ftrace/guest-events.ts';
import type { LiveSource } from '../live-source.ts';
import { hasTracefs, removeOrphans, tracefsRoot } from './instance.ts';
import { RingListening } from './ring-listening.ts';

export const ftraceLive: LiveSource = {
  name: 'ftrace',
  summary: "this kernel's tracepoints (intel_iommu, iommu), in a guest or on a host",
  usage: '[--buffer SIZE], as root',
  async attach(options, merger) {
    const root = tracefsRoot();
    const events = usableEvents(root);
    removeOrphans(root);
    const listening = await RingListening.open({ root, events, options, merger });
    if (!events.includes('intel_iommu/qi_submit')) {
      options.terminal.warn(
        'this kernel has no intel_iommu:qi_submit: iommu:unmap shows ranges, but neither domains nor waits',
      );
    }
    return listening;
  },
  async restore() {
    if (!hasTracefs()) return [];
    return removeOrphans(tracefsRoot()).map((what) => ({ what, result: 'restored' }));
  },
};

/** `system/name` of the events that this kernel has. Throws ToolError where it has none of use. */
export function usableEvents(root: string): readonly string[] {
  const here = EVENT_ROLES.map(({ system, name }) => `${system}/${name}`).filter((event) =>
    existsSync(join(root, 'events', event)),
  );
  if (here.includes('intel_iommu/qi_submit') || here.includes('iommu/unmap')) return here;
  const others = readdirSync(join(root, 'events')).filter((name) => /iommu|smmu|vfio/.test(name));
  throw new ToolError(
    'E_NOT_SUPPORTED',
    `this kernel has neither intel_iommu:qi_submit nor iommu:unmap; nothing was changed. It has: ${others.join(', ') || 'no IOMMU events at all'}`,
    { hint: 'a kernel with CONFIG_IOMMU_API and CONFIG_FTRACE is needed' },
  );
}
