// A row of a recording as a line of text for people, or as an object with every column for programs.

import {
  ALL_COLUMNS,
  ALL_PAGES,
  FLAG,
  GRANULARITIES,
  KINDS,
  PAGE_BYTES,
  PRESENT,
  RAW_BYTES,
  granularityIndex,
  type Column,
  type ColumnField,
  type EventBatch,
} from '../model/index.ts';
import { formatSize } from '../base/index.ts';

/** Every column by its name in files; null where the row has no value. */
export function rowObject(batch: EventBatch, row: number): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    ALL_COLUMNS.map((column) => [column.name, valueOf(column, batch, row)] as const),
  );
}

function valueOf(column: Column, batch: EventBatch, row: number): unknown {
  const { type, field, present } = column;
  if (type === 'sequence') return batch.firstSeq + row;
  if (present !== undefined && (batch.present[row] & present) === 0) return null;
  if (type === 'words') return rawHex(batch, row);
  const value = batch[field as ColumnField][row]; // every column but the two above has an array
  switch (type) {
    case 'kind':
      return KINDS[value];
    case 'firstPage':
      return BigInt(value) * BigInt(PAGE_BYTES);
    case 'pageCount':
      return value >= ALL_PAGES ? 2n ** 64n - 1n : BigInt(value) * BigInt(PAGE_BYTES);
    default:
      return value;
  }
}

function rawHex(batch: EventBatch, row: number): string {
  const start = row * RAW_BYTES;
  return Buffer.from(batch.raw.subarray(start, start + batch.rawLen[row])).toString('hex');
}

const FLAG_NAMES: readonly (readonly [bit: number, name: string])[] = [
  [FLAG.noPasid, 'no-pasid'],
  [FLAG.leaf, 'leaf'],
  [FLAG.global, 'global'],
  [FLAG.drainWrites, 'drain-writes'],
  [FLAG.drainReads, 'drain-reads'],
];

/** `     12     0.000123456  stream 0  iotlb domain-range  domain=1 0xfffff000+4 KiB leaf`; waiter by its name. */
export function rowLine(batch: EventBatch, row: number, waiter: string): string {
  const kind = KINDS[batch.kind[row]];
  const scope =
    kind === 'iotlb'
      ? ` ${GRANULARITIES[granularityIndex(batch.scope[row], batch.present[row])]}`
      : '';
  const has = (bit: number): boolean => (batch.present[row] & bit) !== 0;
  const words = [
    ...(has(PRESENT.domainId) ? [`domain=${batch.domainId[row]}`] : []),
    ...(has(PRESENT.pasid) ? [`pasid=${batch.pasid[row]}`] : []),
    ...(has(PRESENT.sourceId) ? [`source=0x${batch.sourceId[row].toString(16)}`] : []),
    ...(has(PRESENT.range) ? [rangeText(batch.page[row], batch.pages[row])] : []),
    ...FLAG_NAMES.flatMap(([bit, name]) => ((batch.flags[row] & bit) === 0 ? [] : [name])),
    ...(batch.submission[row] === 0 ? [] : [`submission=${batch.submission[row]}`]),
  ];
  return [
    String(batch.firstSeq + row).padStart(9),
    seconds(batch.tNs[row]).padStart(16),
    `stream ${batch.stream[row]}`,
    waiter.padEnd(12),
    `${kind}${scope}`.padEnd(20),
    words.join(' '),
  ]
    .join('  ')
    .trimEnd();
}

/** Seconds with all nine digits; an offset is exact below 2^53 ns. */
function seconds(ns: number): string {
  const whole = Math.abs(Math.round(ns));
  const text = `${Math.floor(whole / 1e9)}.${String(whole % 1e9).padStart(9, '0')}`;
  return ns < 0 ? `-${text}` : text;
}

function rangeText(page: number, pages: number): string {
  if (pages >= ALL_PAGES) return 'all addresses';
  return `0x${(BigInt(page) * BigInt(PAGE_BYTES)).toString(16)}+${formatSize(pages * PAGE_BYTES)}`;
}
