// The head of a recording: its Arrow schema message, the header in it, and the dictionary after it.
// Decides what a file is, and whether this version can read it. Never hands its bytes to Arrow.

import { ZodError } from 'zod';

import { TOOL, ToolError, parseJson } from '../base/index.ts';
import {
  FORMAT_NAME,
  FORMAT_VERSION,
  columnsOf,
  headerSchema,
  makeHeader,
  upgradeHeader,
  type TraceHeader,
} from '../model/index.ts';
import { headCrc, textCrc } from './batch-check.ts';
import { FILE_MAGIC, PREFIX_BYTES, frameAt, isFrame, readAt, type Frame } from './frames.ts';
import { ipcBytes } from './ipc-bytes.ts';
import { readMessage } from './message.ts';
import { HEADER_CRC_KEY, HEADER_KEY, traceSchema } from './schema.ts';
import { footerPairs } from './tail.ts';
import { emptyRecordBatch } from './to-arrow.ts';

export interface TraceHead {
  /** As the newest version has it. */
  readonly header: TraceHeader;
  /** Of the format that the file is written in. */
  readonly version: number;
  /** Checksum of the header's text, which every batch repeats; undefined where the header is lost. */
  readonly recording: string | undefined;
  /** What the first batch names as its predecessor: the checksum of all bytes before it. */
  readonly crc: string;
  readonly isSealed: boolean;
  /** Offset of the first batch. */
  readonly firstBatch: number;
  /** What is wrong with the head; only with salvage. */
  readonly damage: string | undefined;
}

const SNIFF_BYTES = 16 * 1024 * 1024;

/** Reads the head. Throws ToolError where there is none, it is damaged or it is of a newer format. */
export function readHead(path: string, fd: number, size: number): TraceHead {
  const isSealed = hasMagic(fd);
  const start = isSealed ? PREFIX_BYTES : 0;
  const first = frameAt(fd, size, start);
  if (size === 0) throw new ToolError('E_EMPTY', `${path}: is empty`);
  if (!isFrame(first) || first.kind !== 'schema') {
    if (!isFrame(first) && first.kind === 'cut') {
      throw new ToolError('E_TRUNCATED', `${path}: ends inside its header; it holds no events`);
    }
    throw headError(path, fd, size);
  }
  const { header, version, recording } = parseHeader(path, first.message.pairs);
  const dictionary = frameAt(fd, size, start + first.bytes);
  if (!hasColumnsOf(version, first)) {
    throw corruptHead(path, `its columns are not those of format ${version}`);
  }
  if (!isFrame(dictionary) || dictionary.kind !== 'dictionary') {
    const isCut =
      !isFrame(dictionary) && (dictionary.kind === 'cut' || dictionary.kind === 'border');
    if (isCut)
      throw new ToolError(
        'E_TRUNCATED',
        `${path}: ends before its first batch; it holds no events`,
      );
    throw corruptHead(path, 'the names of its kinds are not readable');
  }
  const firstBatch = dictionary.offset + dictionary.bytes;
  return {
    header,
    version,
    recording,
    crc: headCrc(fd, firstBatch),
    isSealed,
    firstBatch,
    damage: undefined,
  };
}

/** The head of a damaged file: as much of it as can be trusted, from its start or from its footer. */
export function salvageHead(path: string, fd: number, size: number): TraceHead {
  try {
    return readHead(path, fd, size);
  } catch (error) {
    if (!(error instanceof ToolError) || error.code === 'E_NEWER_FORMAT') throw error;
    const isSealed = hasMagic(fd) || footerPairs(fd, size) !== undefined;
    const found = [PREFIX_BYTES, 0].flatMap((offset) => {
      const frame = frameAt(fd, size, offset);
      return isFrame(frame) ? [frame.message.pairs] : [];
    });
    const footer = footerPairs(fd, size);
    for (const pairs of footer === undefined ? found : [...found, footer]) {
      const trusted = trustedHeader(path, pairs);
      if (trusted !== undefined) {
        return { ...trusted, crc: '', isSealed, firstBatch: 0, damage: error.message };
      }
    }
    return {
      header: LOST_HEADER,
      version: FORMAT_VERSION,
      recording: undefined,
      crc: '',
      isSealed,
      firstBatch: 0,
      damage: error.message,
    };
  }
}

const LOST_HEADER: TraceHeader = makeHeader({
  source: { name: 'unknown', detail: 'the header was damaged; the events were kept' },
  clock: { name: 'unknown', start_ns: '0', resolution_ns: 1, pairs: [] },
  barriers: 'unknown',
  arrivals: 'unknown',
  streams: [],
  viommus: [],
  waiters: [],
  scrub: 'unknown',
});

/** True where the file looks like a recording, whole or damaged, by the texts that every batch carries. */
export function looksLikeRecording(fd: number, size: number): boolean {
  const bytes = Buffer.alloc(Math.min(size, SNIFF_BYTES));
  return [0, Math.max(0, size - SNIFF_BYTES)].some((offset) => {
    readAt(fd, bytes, offset);
    return bytes.includes(HEADER_KEY) || bytes.includes('iotlb.batch_crc32');
  });
}

function hasMagic(fd: number): boolean {
  const magic = Buffer.alloc(PREFIX_BYTES);
  readAt(fd, magic, 0);
  return magic.toString('latin1', 0, FILE_MAGIC.length) === FILE_MAGIC;
}

function headError(path: string, fd: number, size: number): ToolError {
  if (looksLikeRecording(fd, size)) return corruptHead(path, 'its start is damaged');
  return new ToolError('E_FORMAT', `${path}: not an iotlb recording`, {
    hint: "logs and other recordings are read with 'iotlb import'",
  });
}

function corruptHead(path: string, what: string): ToolError {
  return new ToolError(
    'E_CORRUPT',
    `${path}: ${what}; nothing was read and the file was left as it is`,
    {
      hint: `keep what is whole with: iotlb import --salvage ${path} -o REPAIRED.arrow`,
    },
  );
}

type Trusted = Pick<TraceHead, 'header' | 'version'> & { readonly recording: string };

function trustedHeader(path: string, pairs: ReadonlyMap<string, string>): Trusted | undefined {
  try {
    return parseHeader(path, pairs);
  } catch (error) {
    if (error instanceof ToolError && error.code !== 'E_NEWER_FORMAT') return undefined;
    throw error;
  }
}

function parseHeader(path: string, pairs: ReadonlyMap<string, string>): Trusted {
  const text = pairs.get(HEADER_KEY);
  const crc = pairs.get(HEADER_CRC_KEY);
  if (text === undefined && crc === undefined) {
    throw new ToolError('E_FORMAT', `${path}: an Arrow file, but not an iotlb recording`, {
      hint: "recordings are made by 'iotlb record' and 'iotlb import'",
    });
  }
  if (text === undefined || crc === undefined || textCrc(text) !== crc)
    throw corruptHead(path, 'its header does not match its checksum');
  const raw = parseJson(text);
  const version = versionOf(raw);
  if (version !== undefined && version > FORMAT_VERSION) {
    throw new ToolError(
      'E_NEWER_FORMAT',
      `${path}: written in format ${version}; ${TOOL.id} reads up to ${FORMAT_VERSION}. Nothing was read.`,
      { hint: 'use a newer iotlb' },
    );
  }
  const upgraded = tryUpgrade(raw, version ?? FORMAT_VERSION);
  const parsed = headerSchema.safeParse(upgraded);
  if (!parsed.success) {
    throw new ToolError(
      'E_FORMAT',
      `${path}: its header is not understood: ${parsed.error.issues[0].message}`,
    );
  }
  return { header: parsed.data, version: version ?? FORMAT_VERSION, recording: crc };
}

/** The header as the newest version has it; as it is where that cannot be done, and parsing then says why. */
function tryUpgrade(raw: unknown, version: number): unknown {
  try {
    return upgradeHeader(raw, version);
  } catch (error) {
    if (error instanceof ZodError) return raw;
    throw error;
  }
}

const columnTexts = new Map<number, readonly string[]>();

function hasColumnsOf(version: number, schema: Frame): boolean {
  let wanted = columnTexts.get(version);
  if (wanted === undefined) columnTexts.set(version, (wanted = columnTextsOf(version)));
  const found = schema.message.columns;
  return found.length === wanted.length && wanted.every((column, i) => column === found[i]);
}

/** The columns of a version, as a schema message of it names them. */
function columnTextsOf(version: number): readonly string[] {
  const schema = traceSchema('', '', columnsOf(version));
  const ipc = ipcBytes('stream');
  ipc.begin(schema, emptyRecordBatch(schema));
  return readMessage(Buffer.concat(ipc.chunks).subarray(PREFIX_BYTES))?.columns ?? [];
}

function versionOf(raw: unknown): number | undefined {
  if (typeof raw !== 'object' || raw === null || !('version' in raw) || !('format' in raw))
    return undefined;
  return raw.format === FORMAT_NAME && typeof raw.version === 'number' ? raw.version : undefined;
}
