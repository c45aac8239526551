// perf_event_attr: what each sample holds and on which clock (spec 6.6, uapi linux/perf_event.h).

import type { FieldReader } from '../../base/index.ts';

const SAMPLE = {
  ip: 1 << 0,
  tid: 1 << 1,
  time: 1 << 2,
  addr: 1 << 3,
  read: 1 << 4,
  callchain: 1 << 5,
  id: 1 << 6,
  cpu: 1 << 7,
  period: 1 << 8,
  streamId: 1 << 9,
  raw: 1 << 10,
  identifier: 1 << 16,
} as const;

export const TYPE_TRACEPOINT = 2;
const USE_CLOCKID_BIT = 25;
const CLOCKS: Readonly<Record<number, string>> = {
  0: 'realtime',
  1: 'mono',
  4: 'mono_raw',
  7: 'boot',
  11: 'tai',
};

export interface PerfAttr {
  readonly type: number;
  readonly sampleType: number;
  readonly readFormat: number;
  /** Without a clock of its own perf stamps with the kernel's local clock. */
  readonly clock: string;
}

/** Reads an attr of `size` bytes; fields past an older, shorter one are zero. */
export function readAttr(reader: FieldReader, size: number): PerfAttr {
  const start = reader.at;
  const type = reader.u32();
  reader.u32(); // its own idea of its size
  reader.skip(16); // config, sample_period
  const sampleType = reader.u64();
  const readFormat = reader.u64();
  const first = reader.u32();
  const second = reader.u32();
  // Bit fields start at the low end on little-endian machines, at the high end on big-endian ones.
  const usesClock = reader.little
    ? (first & (1 << USE_CLOCKID_BIT)) !== 0
    : (first & (1 << (31 - USE_CLOCKID_BIT))) !== 0;
  void second;
  let clock = 'local';
  if (usesClock && size >= 96) {
    reader.skip(92 - 48);
    clock = CLOCKS[reader.u32()] ?? 'unknown';
  }
  reader.skip(start + size - reader.at);
  return { type, sampleType, readFormat, clock };
}

/** Where a sample's fields lie, from the start of its body; -1 where it has none. */
export interface SampleLayout {
  readonly hasIdentifier: boolean;
  readonly hasRaw: boolean;
  readonly timeAt: number;
  readonly cpuAt: number;
  /** Behind the fields of fixed length: the raw data, unless a READ or CALLCHAIN field comes before them. */
  readonly fixedEnd: number;
  readonly hasRead: boolean;
  readonly hasCallchain: boolean;
  readonly readFormat: number;
}

/** The fields in their one order (uapi, PERF_RECORD_SAMPLE); each of those up to PERIOD takes 8 bytes. */
const FIXED_ORDER = [
  'identifier',
  'ip',
  'tid',
  'time',
  'addr',
  'id',
  'streamId',
  'cpu',
  'period',
] as const;

export function sampleLayout(attr: PerfAttr): SampleLayout {
  const has = (field: keyof typeof SAMPLE): boolean => (attr.sampleType & SAMPLE[field]) !== 0;
  const present = FIXED_ORDER.filter(has);
  return {
    hasIdentifier: has('identifier'),
    hasRaw: has('raw'),
    timeAt: present.includes('time') ? present.indexOf('time') * 8 : -1,
    cpuAt: present.includes('cpu') ? present.indexOf('cpu') * 8 : -1,
    fixedEnd: present.length * 8,
    hasRead: has('read'),
    hasCallchain: has('callchain'),
    readFormat: attr.readFormat,
  };
}

/** Where the raw data's size stands, from the start of the body; past its end where a field is cut. */
export function rawOffset(
  layout: SampleLayout,
  view: DataView,
  body: number,
  bodyEnd: number,
  little: boolean,
): number {
  let at = body + layout.fixedEnd;
  if (layout.hasRead && at + 8 <= bodyEnd)
    at += readFieldBytes(view, at, layout.readFormat, little);
  if (layout.hasCallchain && at + 8 <= bodyEnd) {
    at += 8 + 8 * view.getUint32(little ? at : at + 4, little);
  }
  return at - body;
}

/** Bytes of a READ field that starts at `at`, from its read_format. */
function readFieldBytes(view: DataView, at: number, readFormat: number, little: boolean): number {
  const times = ((readFormat & 1) + ((readFormat >> 1) & 1)) * 8;
  const each = 8 + (((readFormat >> 2) & 1) + ((readFormat >> 4) & 1)) * 8;
  if ((readFormat & 8) === 0) return times + each;
  const count = view.getUint32(little ? at : at + 4, little);
  return 8 + times + count * each;
}
