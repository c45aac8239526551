// `unmap` through `iotlb replay`: a recording's ranges mapped and unmapped, through iommufd and through
// type1, and what each became on the emulated hardware.

import type { HardwareRow } from '../circle.ts';
import type { Part, ScenarioContext } from '../scenario.ts';
import type { UnmapRange } from '../unmap-ranges.ts';
import { replayParts, type ReplaySpec } from './replay.ts';

/** Bytes of one command of the dialect: address and length. */
const COMMAND_BYTES = 16;

/** The dialect's commands as ranges. */
function ranges(bytes: Uint8Array): readonly UnmapRange[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.byteLength / COMMAND_BYTES }, (_, i) => ({
    page: Number(view.getBigUint64(i * COMMAND_BYTES, true) >> 12n),
    pages: Number(view.getBigUint64(i * COMMAND_BYTES + 8, true) >> 12n),
  }));
}

/** Both interfaces on one machine. */
export async function replayedUnmaps(
  context: ScenarioContext,
  spec: Omit<ReplaySpec, 'name' | 'issuer' | 'dialect' | 'rows'> & {
    readonly rangeRows: (range: UnmapRange) => readonly HardwareRow[];
  },
): Promise<readonly Part[]> {
  const parts: Part[] = [];
  for (const issuer of ['iommufd', 'vfio']) {
    parts.push(
      ...(await replayParts(context, {
        ...spec,
        // One ioctl after the other whatever the grouping: what differs is which entries, and when.
        strategies: ['none', 'adjacent', 'drain'],
        name: `${spec.machine}-${issuer}`,
        issuer,
        dialect: 'unmap',
        rows: (bytes) => ranges(bytes).flatMap((range) => [...spec.rangeRows(range)]),
      })),
    );
  }
  return parts;
}
