// The headers of trace.dat, versions 6 and 7 (spec 6.5): byte order, page layout, formats, options, and
// where each CPU's pages lie. Every length is checked by the reader; sections are visited once.

import {
  ByteReader,
  FileReader,
  ToolError,
  unzstd,
  type FieldReader,
  type RandomInput,
} from '../../base/index.ts';
import type { EventFormat, PageLayout } from '../ftrace/format-file.ts';
import { readEventFormats, readPageHeaders, skipFtraceFormats } from '../ftrace/tracing-data.ts';

export const TRACE_DAT_MAGIC = Buffer.from('\x17\x08\x44tracing', 'latin1');

/** A compressed header section unpacks to a few MiB; more than this is not believed. */
const SECTION_LIMIT_BYTES = 64 * 1024 * 1024;
const SECTION_COUNT_LIMIT = 64;
const CPU_LIMIT = 8192;

export const OPTION = {
  done: 0,
  cpuStat: 2,
  buffer: 3,
  traceClock: 4,
  uname: 5,
  tscToNs: 14,
  headerInfo: 16,
  eventFormats: 18,
} as const;

export interface CpuData {
  readonly cpu: number;
  readonly offset: number;
  readonly size: number;
  readonly isCompressed: boolean;
}

export interface TscScale {
  readonly mult: number;
  readonly shift: number;
  readonly offset: bigint;
}

export interface TraceDat {
  readonly version: number;
  readonly compression: string;
  readonly little: boolean;
  readonly layout: PageLayout;
  readonly formats: readonly EventFormat[];
  readonly cpus: readonly CpuData[];
  readonly clock: string;
  readonly uname: string | undefined;
  readonly tsc: TscScale | undefined;
  /** Overrun and dropped events per CPU, as the kernel counted them. */
  readonly lost: ReadonlyMap<number, number>;
  /** Instances whose data this reader leaves alone. */
  readonly otherInstances: number;
}

/** What the options tell, gathered from one list or several. */
class Options {
  clock: string | undefined;
  uname: string | undefined;
  tsc: TscScale | undefined;
  readonly lost = new Map<number, number>();
  readonly cpus: CpuData[] = [];
  readonly sections = new Map<number, number>();
  otherInstances = 0;
}

export function readTraceDat(input: RandomInput): TraceDat {
  const head = input.read(0, TRACE_DAT_MAGIC.length, 'its header');
  if (!TRACE_DAT_MAGIC.equals(head))
    throw new ToolError('E_FORMAT', `${input.name}: not a trace.dat file`);
  const start = new FileReader(input, head.length, { little: true, what: 'its header' });
  const version = Number(start.text());
  const little = start.u8() === 0;
  start.u8(); // sizeof(long): header_page says what matters
  const reader = new FileReader(input, start.at, { little, what: 'its header' });
  reader.u32(); // page size: header_page says it too
  try {
    if (version === 6) return readVersion6(input, reader);
    if (version === 7) return readVersion7(input, reader);
  } catch (error) {
    if (error instanceof ToolError) throw error;
    throw new ToolError('E_CORRUPT', `${input.name}: its header is damaged: ${String(error)}`, {
      cause: error,
    });
  }
  throw new ToolError(
    'E_FORMAT',
    `${input.name}: trace.dat of version ${version}; 6 and 7 are read`,
    {
      hint: "convert it with 'trace-cmd convert --file-version 6'",
    },
  );
}

function readVersion6(input: RandomInput, reader: FieldReader): TraceDat {
  const layout = readPageHeaders(reader, input.name);
  skipFtraceFormats(reader);
  const formats = readEventFormats(reader);
  reader.skip(reader.u32()); // kallsyms
  reader.skip(reader.u32()); // printk
  reader.skip(reader.u64()); // cmdlines
  const cpus = cpuCount(input, reader.u32());
  const options = new Options();
  for (;;) {
    const mark = reader.string(10).trimEnd();
    if (mark === 'options') readOptions6(reader, options);
    else if (mark === 'flyrecord') break;
    else throw new ToolError('E_FORMAT', `${input.name}: holds '${mark}' data, not recorded pages`);
  }
  for (let cpu = 0; cpu < cpus; cpu++) {
    options.cpus.push({ cpu, offset: reader.u64(), size: reader.u64(), isCompressed: false });
  }
  return traceDat(options, {
    version: 6,
    compression: 'none',
    little: reader.little,
    layout,
    formats,
  });
}

/** Options {u16 id, u32 length, data} up to id 0. */
function readOptions6(reader: FieldReader, options: Options): void {
  for (;;) {
    const id = reader.u16();
    if (id === OPTION.done) return;
    const length = reader.u32();
    if (id === OPTION.buffer) {
      options.otherInstances++;
      reader.skip(length);
    } else {
      readCommonOption(id, reader, length, options);
    }
  }
}

function readCommonOption(id: number, reader: FieldReader, length: number, options: Options): void {
  switch (id) {
    case OPTION.traceClock:
      options.clock = currentClock(reader.string(length));
      return;
    case OPTION.uname:
      options.uname = reader.string(length).trim();
      return;
    case OPTION.cpuStat:
      readCpuStat(reader.string(length), options.lost);
      return;
    case OPTION.tscToNs: {
      const end = reader.at + length;
      const mult = reader.u32();
      const shift = reader.u32();
      const low = BigInt(reader.u32());
      const high = BigInt(reader.u32());
      const offset = reader.little ? (high << 32n) | low : (low << 32n) | high;
      options.tsc = { mult, shift, offset };
      reader.skip(end - reader.at);
      return;
    }
    default:
      reader.skip(length);
  }
}

function readVersion7(input: RandomInput, reader: FieldReader): TraceDat {
  const compression = reader.text();
  reader.text(); // version of the compression's library
  const options = new Options();
  let next = reader.u64();
  for (let visited = 0; next !== 0; visited++) {
    if (visited === SECTION_COUNT_LIMIT)
      throw input.corrupt(next, 'its option sections have no end');
    next = readOptions7(openSection(input, next, compression, reader.little), input, options);
  }
  const section = (id: number, what: string): FieldReader => {
    const offset = options.sections.get(id);
    if (offset === undefined) throw new ToolError('E_CORRUPT', `${input.name}: has no ${what}`);
    return openSection(input, offset, compression, reader.little).reader;
  };
  const layout = readPageHeaders(section(OPTION.headerInfo, 'page header'), input.name);
  const formats = readEventFormats(section(OPTION.eventFormats, 'event formats'));
  return traceDat(options, { version: 7, compression, little: reader.little, layout, formats });
}

interface Section {
  readonly reader: FieldReader;
}

/** u16 id, u16 flags (bit 0 compressed), u32 string id, u64 size; then the body. */
function openSection(
  input: RandomInput,
  offset: number,
  compression: string,
  little: boolean,
): Section {
  const head = new FileReader(input, offset, { little, what: 'a section header' });
  head.u16();
  const isCompressed = (head.u16() & 1) !== 0;
  head.u32();
  const size = head.u64();
  if (!isCompressed) {
    input.read(head.at, Math.min(size, 1), 'a section');
    return { reader: new FileReader(input, head.at, { little, what: 'a section' }) };
  }
  refuseOtherCompression(input, compression);
  const stored = head.u32();
  const plain = head.u32();
  if (plain > SECTION_LIMIT_BYTES)
    throw input.corrupt(offset, `a section that unpacks to ${plain} bytes`);
  const bytes = unzstd(input.read(head.at, stored, 'a section'), plain, input.name);
  return {
    reader: new ByteReader(bytes, little, () => input.corrupt(offset, 'a section that ends early')),
  };
}

export function refuseOtherCompression(input: RandomInput, compression: string): void {
  if (compression === 'zstd') return;
  throw new ToolError(
    'E_NOT_SUPPORTED',
    `${input.name}: compressed with ${compression}; zstd and none are read`,
    {
      hint: "convert it with 'trace-cmd convert --compression none'",
    },
  );
}

/** Gives the offset of the next section of options, 0 at the end. */
function readOptions7(section: Section, input: RandomInput, options: Options): number {
  const { reader } = section;
  for (;;) {
    const id = reader.u16();
    const length = reader.u32();
    if (id === OPTION.done) return length >= 8 ? reader.u64() : 0;
    if (id === OPTION.buffer) {
      readBuffer(reader, input, options);
    } else if (id >= OPTION.headerInfo && id <= 21 && length === 8) {
      options.sections.set(id, reader.u64());
    } else {
      readCommonOption(id, reader, length, options);
    }
  }
}

/** u64 section, name\0, clock\0, u32 page size, u32 cpus, cpus of {u32 cpu, u64 offset, u64 size}. */
function readBuffer(reader: FieldReader, input: RandomInput, options: Options): void {
  const section = new FileReader(input, reader.u64(), {
    little: reader.little,
    what: 'a buffer section',
  });
  section.u16();
  const isCompressed = (section.u16() & 1) !== 0;
  reader.text();
  const clock = currentClock(reader.text());
  if (clock !== '') options.clock ??= clock;
  reader.u32();
  const cpus = cpuCount(input, reader.u32());
  for (let i = 0; i < cpus; i++) {
    options.cpus.push({
      cpu: reader.u32(),
      offset: reader.u64(),
      size: reader.u64(),
      isCompressed,
    });
  }
}

function traceDat(
  options: Options,
  rest: Pick<TraceDat, 'version' | 'compression' | 'little' | 'layout' | 'formats'>,
): TraceDat {
  const { clock, uname, tsc, lost, cpus, otherInstances } = options;
  return { ...rest, clock: clock ?? 'unknown', uname, tsc, lost, cpus, otherInstances };
}

function cpuCount(input: RandomInput, count: number): number {
  if (count > CPU_LIMIT) throw new ToolError('E_CORRUPT', `${input.name}: claims ${count} CPUs`);
  return count;
}

/** `local global [mono] boot`, or the clock's name alone. */
function currentClock(text: string): string {
  return /\[(\S+)\]/.exec(text)?.[1] ?? text.trim();
}

/** `CPU: n` and then lines `overrun: m`, `dropped events: k`. */
function readCpuStat(text: string, lost: Map<number, number>): void {
  const cpu = /^CPU: (\d+)/m.exec(text)?.[1];
  if (cpu === undefined) return;
  const count = (name: string): number =>
    Number(new RegExp(`^${name}: (\\d+)`, 'm').exec(text)?.[1] ?? 0);
  lost.set(Number(cpu), count('overrun') + count('dropped events'));
}
