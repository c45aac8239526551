// The circle's comparison: what must have reached the hardware against what the importer read out of
// QEMU's log. Pure; exact, row by row and in order. Says where the two streams part, and how.

import { KIND, KINDS, type EventBatch, PRESENT } from '../../collector/model/index.ts';

/** One thing that the emulated hardware was told. Ranges in 4 KiB pages. */
export interface HardwareRow {
  readonly kind: (typeof KINDS)[number];
  readonly flags: number;
  readonly domain?: number;
  readonly pasid?: number;
  readonly source?: number;
  readonly page?: number;
  readonly pages?: number;
}

/** A host's own domain number, not known beforehand: must be one and the same wherever it is expected. */
export const ONE_DOMAIN = -1;

/** Rows of an imported recording in the circle's terms. */
export function hardwareRows(batch: EventBatch): readonly HardwareRow[] {
  const rows: HardwareRow[] = [];
  for (let row = 0; row < batch.count; row++) {
    const present = batch.present[row];
    rows.push({
      kind: KINDS[batch.kind[row]],
      flags: batch.flags[row],
      ...((present & PRESENT.domainId) === 0 ? {} : { domain: batch.domainId[row] }),
      ...((present & PRESENT.pasid) === 0 ? {} : { pasid: batch.pasid[row] }),
      ...((present & PRESENT.sourceId) === 0 ? {} : { source: batch.sourceId[row] }),
      ...((present & PRESENT.range) === 0
        ? {}
        : { page: batch.page[row], pages: batch.pages[row] }),
    });
  }
  return rows;
}

export interface Difference {
  /** Index of the first row that differs, in both streams. */
  readonly at: number;
  readonly expected: HardwareRow | undefined;
  readonly seen: HardwareRow | undefined;
  /** The rows before it, equal in both. */
  readonly before: readonly HardwareRow[];
}

export interface Comparison {
  readonly expected: number;
  readonly seen: number;
  /** Rows of kind barrier among the seen. */
  readonly barriers: number;
  readonly difference: Difference | undefined;
}

function same(expected: HardwareRow, seen: HardwareRow, domain: number | undefined): boolean {
  const wanted = expected.domain === ONE_DOMAIN ? (domain ?? seen.domain) : expected.domain;
  return (
    expected.kind === seen.kind &&
    expected.flags === seen.flags &&
    wanted === seen.domain &&
    expected.pasid === seen.pasid &&
    expected.source === seen.source &&
    expected.page === seen.page &&
    expected.pages === seen.pages
  );
}

const CONTEXT_ROWS = 3;

/** Compares the two streams from their beginning to their end. */
export function compareRows(
  expected: readonly HardwareRow[],
  seen: readonly HardwareRow[],
): Comparison {
  const barrier = KINDS[KIND.barrier];
  const counts = {
    expected: expected.length,
    seen: seen.length,
    barriers: seen.filter((row) => row.kind === barrier).length,
  };
  let domain: number | undefined;
  for (let at = 0; at < Math.max(expected.length, seen.length); at++) {
    const left = at < expected.length ? expected[at] : undefined;
    const right = at < seen.length ? seen[at] : undefined;
    if (left !== undefined && right !== undefined && same(left, right, domain)) {
      if (left.domain === ONE_DOMAIN) domain = right.domain;
      continue;
    }
    const before = seen.slice(Math.max(0, at - CONTEXT_ROWS), at);
    return { ...counts, difference: { at, expected: left, seen: right, before } };
  }
  return { ...counts, difference: undefined };
}

const FLAG_NAMES = ['no-pasid', 'leaf', 'global', 'drain-writes', 'drain-reads'];

/** A row as a person reads it: `iotlb domain 4 pasid 0 0xfffa0000 +16 pages leaf`. */
export function rowText(row: HardwareRow | undefined): string {
  if (row === undefined) return '(the stream is over)';
  const parts: string[] = [row.kind];
  if (row.domain !== undefined)
    parts.push(`domain ${row.domain === ONE_DOMAIN ? '(any, the same)' : row.domain}`);
  if (row.pasid !== undefined) parts.push(`pasid ${row.pasid}`);
  if (row.page !== undefined)
    parts.push(`0x${(BigInt(row.page) << 12n).toString(16)} +${row.pages} pages`);
  parts.push(...FLAG_NAMES.filter((_, bit) => (row.flags & (1 << bit)) !== 0));
  return parts.join(' ');
}

/** The first place where the streams part, in a few lines. */
export function differenceText(difference: Difference): string {
  const first = difference.at - difference.before.length;
  return [
    `the streams part at row ${difference.at}:`,
    ...difference.before.map((row, index) => `    ${first + index}  both      ${rowText(row)}`),
    `    ${difference.at}  expected  ${rowText(difference.expected)}`,
    `    ${difference.at}  seen      ${rowText(difference.seen)}`,
  ].join('\n');
}
