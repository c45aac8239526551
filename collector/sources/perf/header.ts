// The header of perf.data, file form: attrs, data section, features (spec 6.6). The piped form carries the
// same as records and is read by the reader itself.

import { FileReader, ToolError, type FieldReader, type RandomInput } from '../../base/index.ts';
import type { EventFormat } from '../ftrace/format-file.ts';
import { readEventFormats, readPageHeaders, skipFtraceFormats } from '../ftrace/tracing-data.ts';
import { TRACE_DAT_MAGIC } from '../trace-cmd/header.ts';
import { readAttr, type PerfAttr } from './attr.ts';

export const PERF_MAGIC = Buffer.from('PERFILE2', 'latin1');
export const PERF_MAGIC_BIG = Buffer.from('2ELIFREP', 'latin1');

const PIPE_HEADER_BYTES = 16;
const FILE_HEADER_BYTES = 104;
const ATTR_LIMIT_BYTES = 4096;
export const FEATURE = { tracingData: 1, osRelease: 4 } as const;

export interface PerfHeader {
  readonly little: boolean;
  readonly isPiped: boolean;
  readonly dataAt: number;
  readonly dataEnd: number;
  readonly attrs: readonly { readonly attr: PerfAttr; readonly ids: readonly number[] }[];
  readonly formats: readonly EventFormat[];
  readonly kernel: string | undefined;
}

export function readPerfHeader(input: RandomInput): PerfHeader {
  const magic = input.read(0, 8, 'its header');
  const little = PERF_MAGIC.equals(magic);
  if (!little && !PERF_MAGIC_BIG.equals(magic)) {
    throw new ToolError('E_FORMAT', `${input.name}: not a perf.data file`);
  }
  const reader = new FileReader(input, 8, { little, what: 'its header' });
  const size = reader.u64();
  if (size === PIPE_HEADER_BYTES) {
    const none = { attrs: [], formats: [], kernel: undefined };
    return { little, isPiped: true, dataAt: PIPE_HEADER_BYTES, dataEnd: input.size, ...none };
  }
  if (size !== FILE_HEADER_BYTES) {
    throw new ToolError(
      'E_FORMAT',
      `${input.name}: a perf.data header of ${size} bytes is not known`,
    );
  }
  const attrBytes = reader.u64();
  const attrsAt = reader.u64();
  const attrsBytes = reader.u64();
  const dataAt = reader.u64();
  const dataBytes = reader.u64();
  reader.skip(16);
  if (dataBytes === 0) {
    throw new ToolError(
      'E_TRUNCATED',
      `${input.name}: perf never finished it: its header tells of no data`,
      {
        hint: 'perf writes what describes the events at its end; a killed recording cannot be read',
      },
    );
  }
  const features = readFeatures(input, reader, dataAt + dataBytes);
  const tracing = features.get(FEATURE.tracingData);
  return {
    little,
    isPiped: false,
    dataAt,
    dataEnd: dataAt + dataBytes,
    attrs: readAttrs(input, { at: attrsAt, bytes: attrsBytes, each: attrBytes, little }),
    formats: tracing === undefined ? [] : readTracingData(input, tracing.at),
    kernel: readKernel(input, features.get(FEATURE.osRelease), little),
  };
}

/** The bitmap's words, then one {u64 offset, u64 size} a set bit right after the data. */
function readFeatures(
  input: RandomInput,
  reader: FieldReader,
  tableAt: number,
): ReadonlyMap<number, { readonly at: number; readonly bytes: number }> {
  const bits: number[] = [];
  for (let word = 0; word < 4; word++) {
    const first = reader.u32();
    const second = reader.u32();
    const [low, high] = reader.little ? [first, second] : [second, first];
    for (let bit = 0; bit < 32; bit++) if (((low >>> bit) & 1) !== 0) bits.push(word * 64 + bit);
    for (let bit = 0; bit < 32; bit++)
      if (((high >>> bit) & 1) !== 0) bits.push(word * 64 + 32 + bit);
  }
  const table = new FileReader(input, tableAt, {
    little: reader.little,
    what: 'its feature table',
  });
  return new Map(bits.map((bit) => [bit, { at: table.u64(), bytes: table.u64() }]));
}

function readAttrs(
  input: RandomInput,
  section: {
    readonly at: number;
    readonly bytes: number;
    readonly each: number;
    readonly little: boolean;
  },
): PerfHeader['attrs'] {
  const { at, bytes, each, little } = section;
  if (each < 64 + 16 || each > ATTR_LIMIT_BYTES || bytes > input.size) {
    throw input.corrupt(at, `event attributes of ${each} bytes each, ${bytes} in all`);
  }
  const attrs: { attr: PerfAttr; ids: readonly number[] }[] = [];
  for (let offset = 0; offset + each <= bytes; offset += each) {
    const reader = new FileReader(input, at + offset, { little, what: 'its event attributes' });
    const attr = readAttr(reader, each - 16);
    const idsAt = reader.u64();
    const idsBytes = reader.u64();
    if (idsBytes > input.size) throw input.corrupt(idsAt, `${idsBytes} bytes of event ids`);
    const ids = new FileReader(input, idsAt, { little, what: 'its event ids' });
    attrs.push({ attr, ids: Array.from({ length: Math.floor(idsBytes / 8) }, () => ids.u64()) });
  }
  return attrs;
}

/** A header as trace.dat's, version 0.6, up to the event formats. */
export function readTracingData(input: RandomInput, at: number): readonly EventFormat[] {
  const head = input.read(at, TRACE_DAT_MAGIC.length, 'its tracing data');
  if (!TRACE_DAT_MAGIC.equals(head))
    throw input.corrupt(at, 'its tracing data do not start as such');
  const start = new FileReader(input, at + head.length, { little: true, what: 'its tracing data' });
  start.text();
  const little = start.u8() === 0;
  start.skip(1 + 4); // sizeof(long), page size
  const reader = new FileReader(input, start.at, { little, what: 'its tracing data' });
  try {
    readPageHeaders(reader, input.name);
    skipFtraceFormats(reader);
    return readEventFormats(reader);
  } catch (error) {
    if (error instanceof ToolError) throw error;
    throw new ToolError(
      'E_CORRUPT',
      `${input.name}: its tracing data are damaged: ${String(error)}`,
      { cause: error },
    );
  }
}

export function readKernel(
  input: RandomInput,
  feature: { readonly at: number } | undefined,
  little: boolean,
): string | undefined {
  if (feature === undefined) return undefined;
  const reader = new FileReader(input, feature.at, { little, what: 'its kernel version' });
  const length = reader.u32();
  return length > 256 ? undefined : reader.string(length);
}
