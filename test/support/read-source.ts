// Runs a source over an input in memory and shows its rows as plain objects, for assertions.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import {
  ALL_PAGES,
  EventBuilder,
  KINDS,
  PRESENT,
  RAW_BYTES,
  type EventBatch,
} from '../../collector/model/index.ts';
import { isDamage, openFeed } from '../../collector/sources/feed.ts';
import type { LossLog } from '../../collector/model/index.ts';
import type { LineTally } from '../../collector/sources/text/line-count.ts';
import type { InputHints, SourceFacts } from '../../collector/sources/index.ts';

export interface Row {
  readonly t: number;
  readonly stream: number;
  readonly kind: string;
  readonly scope: number;
  readonly flags: number;
  readonly domain: number | undefined;
  readonly pasid: number | undefined;
  readonly source: number | undefined;
  /** `first+count` in 4 KiB pages, hex, or `all`. */
  readonly range: string | undefined;
  readonly raw: string;
  readonly submission: number;
  readonly cpu: number | undefined;
}

export interface SourceRun {
  readonly source: string;
  readonly rows: readonly Row[];
  readonly facts: SourceFacts;
  readonly losses: LossLog;
  readonly warnings: readonly string[];
  readonly lines: LineTally | undefined;
  /** What ended the input early, where salvaging. */
  readonly damage: unknown;
}

export interface ReadOptions {
  readonly salvage?: boolean;
  readonly hints?: InputHints;
}

export function rowsOf(batch: EventBatch): readonly Row[] {
  return Array.from({ length: batch.count }, (_, i) => rowAt(batch, i));
}

export function rowAt(batch: EventBatch, i: number): Row {
  const present = (bit: number, value: number): number | undefined =>
    (batch.present[i] & bit) === 0 ? undefined : value;
  const start = i * RAW_BYTES;
  const span =
    batch.pages[i] === ALL_PAGES
      ? 'all'
      : `${batch.page[i].toString(16)}+${batch.pages[i].toString(16)}`;
  return {
    t: batch.tNs[i],
    stream: batch.stream[i],
    kind: KINDS[batch.kind[i]],
    scope: batch.scope[i],
    flags: batch.flags[i],
    domain: present(PRESENT.domainId, batch.domainId[i]),
    pasid: present(PRESENT.pasid, batch.pasid[i]),
    source: present(PRESENT.sourceId, batch.sourceId[i]),
    range: (batch.present[i] & PRESENT.range) === 0 ? undefined : span,
    raw: Buffer.from(batch.raw.subarray(start, start + batch.rawLen[i])).toString('hex'),
    submission: batch.submission[i],
    cpu: present(PRESENT.cpu, batch.cpu[i]),
  };
}

/** Reads the file or folder at `path` to its end. */
export async function readSource(
  path: string,
  source?: string,
  options: ReadOptions = {},
): Promise<SourceRun> {
  const folder = mkdtempSync(join(tmpdir(), 'iotlb-test-'));
  const out = new EventBuilder();
  try {
    const hints = options.hints ?? {};
    const feed = await openFeed(path, { source, spool: join(folder, 'spool'), out, hints });
    try {
      let damage: unknown;
      try {
        await feed.run(() => true);
      } catch (error) {
        if (options.salvage !== true || !isDamage(error)) throw error;
        damage = error;
      }
      feed.end();
      const again = feed.parser.anotherPass?.();
      if (again !== undefined)
        return await readSource(path, source, { ...options, hints: { ...hints, ...again } });
      return {
        source: feed.source.name,
        rows: rowsOf(out),
        facts: feed.parser.facts(),
        losses: feed.parser.losses,
        warnings: feed.warnings(),
        lines: feed.parser.lines?.tally(),
        damage,
      };
    } finally {
      feed.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Reads `content` as an input of its own. */
export async function readContent(
  content: string | Uint8Array,
  source?: string,
  options: ReadOptions = {},
): Promise<SourceRun> {
  const folder = mkdtempSync(join(tmpdir(), 'iotlb-test-'));
  try {
    const path = join(folder, 'input');
    writeFileSync(path, content);
    return await readSource(path, source, options);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** How many rows there are of each kind. */
export function kindsOf(rows: readonly Row[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const row of rows) counts[row.kind] = (counts[row.kind] ?? 0) + 1;
  return counts;
}
