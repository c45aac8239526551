// The small real recordings, read through the same source as `iotlb import` uses.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { openTrace } from '../../collector/format/index.ts';
import { EventBuilder, PRESENT, type EventBatch } from '../../collector/model/index.ts';
import { importSources } from '../../collector/sources/index.ts';
import type { Row } from './recording.ts';

/** A stretch of a real guest's stream each; see the README beside them. */
export const REAL = ['vtd-fs-strict', 'vtd-fs-lazy', 'vtd-legacy-strict'] as const;

/** The rows of one of them. The compiled test runs from dist/test/replayer. */
export function realBatch(name: (typeof REAL)[number]): EventBatch {
  const url = new URL(`../../../test/fixtures/traces/${name}.log`, import.meta.url);
  const out = new EventBuilder();
  const log = importSources.get('qemu').forms.find((form) => form.kind === 'stream');
  if (log === undefined) throw new Error("source 'qemu' has no form that is read front to back");
  const parser = log.open(out);
  parser.push(readFileSync(url));
  parser.end();
  return out;
}

export function rowsOf(batch: EventBatch): Row[] {
  return Array.from({ length: batch.count }, (_, i) => {
    const has = (bit: number): boolean => (batch.present[i] & bit) !== 0;
    return {
      seq: batch.firstSeq + i,
      tNs: batch.tNs[i],
      stream: batch.stream[i],
      kind: batch.kind[i],
      scope: batch.scope[i],
      flags: batch.flags[i],
      ...(has(PRESENT.domainId) ? { domain: batch.domainId[i] } : {}),
      ...(has(PRESENT.pasid) ? { pasid: batch.pasid[i] } : {}),
      page: has(PRESENT.range) ? batch.page[i] : 0,
      pages: has(PRESENT.range) ? batch.pages[i] : 0,
    };
  });
}

/** A recording that `npm run lab:record` made. */
export const recordedPath = (name: string): string =>
  fileURLToPath(new URL(`../../../test/fixtures/recordings/${name}.arrow`, import.meta.url));

/** All rows of one of them, or its first ones. */
export function recordedRows(name: string, most = Infinity): Row[] {
  using reader = openTrace(recordedPath(name));
  const rows: Row[] = [];
  for (const batch of reader.batches()) {
    rows.push(...rowsOf(batch));
    if (rows.length >= most) break;
  }
  return rows.slice(0, most);
}
