// Map and unmap, the invalidation that works on every IOMMU today: through an iommufd IOAS and through a
// VFIO type1 container, and what each unmap became on the emulated hardware.

import { compareRows, differenceText, type HardwareRow } from '../circle.ts';
import { parseAnswer, runInGuest } from '../guest-program.ts';
import { vtdDomainRows } from '../kernel-rules.ts';
import type { MachineName } from '../machine.ts';
import { importRows, readStretches } from '../qemu-log.ts';
import { type Part, partOf, type ScenarioContext } from '../scenario.ts';
import { UNMAP_RANGES, type UnmapRange } from '../unmap-ranges.ts';

interface Answer {
  readonly iommufd: readonly { readonly errno: string; readonly pages: number }[];
  readonly type1: readonly { readonly errno: string; readonly pages: number }[];
}

/** Interfaces and the mark that guest/unmap.ts sets before each. */
const INTERFACES = [
  { name: 'iommufd', mark: 1 },
  { name: 'type1', mark: 3 },
] as const;

export interface UnmapRules {
  readonly machine: MachineName;
  readonly rows: (range: UnmapRange) => readonly HardwareRow[];
  readonly joined?: (
    seen: readonly HardwareRow[],
    expected: readonly HardwareRow[],
  ) => readonly HardwareRow[];
}

/** On VT-d an unmap is one page-selective IOTLB descriptor and its wait. */
export const vtdUnmapRows = ({ page, pages }: UnmapRange): readonly HardwareRow[] => {
  const start = BigInt(page) << 12n;
  return vtdDomainRows({ start, last: start + (BigInt(pages) << 12n) - 1n, leaf: true });
};

export async function unmapParts(
  context: ScenarioContext,
  rules: UnmapRules,
): Promise<readonly Part[]> {
  const result = await runInGuest(context, {
    machine: rules.machine,
    program: 'unmap',
    name: rules.machine,
  });
  const answer = parseAnswer(result) as Answer; // printed by guest/unmap.ts
  const log = readStretches(result.log);
  return INTERFACES.map(({ name, mark }) => {
    const complaints = answer[name].flatMap(({ errno, pages }, index) => {
      const asked = UNMAP_RANGES[index].pages;
      return errno === 'ok' && pages === asked
        ? []
        : [`unmap ${index}: ${errno}, ${pages} of ${asked} pages`];
    });
    const rows = importRows(log.get(mark) ?? '');
    const expected = UNMAP_RANGES.flatMap((range) => [...rules.rows(range)]);
    const { difference } = compareRows(expected, rules.joined?.(rows, expected) ?? rows);
    if (difference !== undefined) complaints.push(differenceText(difference));
    return partOf(
      `${rules.machine} ${name}`,
      { asked: UNMAP_RANGES.length, seen: rows.length },
      complaints,
    );
  });
}
