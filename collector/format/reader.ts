// Opens a recording, streams its batches in bounded memory, and checks every one before it is used.
// Reads the sealed file and the stream form alike, also while the stream is still being written.

import { closeSync, fstatSync, openSync } from 'node:fs';

import { RecordBatchReader, type RecordBatch, type Schema } from 'apache-arrow';

import { TOOL, ToolError, fileError, formatCount, parseJson } from '../base/index.ts';
import {
  FORMAT_NAME,
  FORMAT_VERSION,
  headerSchema,
  type EventBatch,
  type LossDetail,
  type Tally,
  type TraceHeader,
} from '../model/index.ts';
import {
  CHECK_CRC_KEY,
  CHECK_KEY,
  batchCrc,
  batchNoteSchema,
  textCrc,
  type BatchNote,
} from './batch-check.ts';
import { decodeSchema } from './first-schema.ts';
import { FILE_MAGIC, FrameWalker, readAt, type Frame, type FrameEnd } from './frames.ts';
import { fromRecordBatch, isKnownKinds } from './from-arrow.ts';
import { COLUMN_NAMES, HEADER_CRC_KEY, HEADER_KEY, traceSchema } from './schema.ts';

/** What is known once all batches were read. */
export interface TraceEnd {
  /** complete: ended in good order · open: a stream that may still be written or was cut on a border · cut. */
  readonly state: 'complete' | 'open' | 'cut';
  readonly tally: Tally;
  readonly losses: readonly LossDetail[];
  readonly events: number;
  readonly batches: number;
  /** Damaged batches passed over; only with salvage. */
  readonly damaged: number;
}

export interface ReadOptions {
  /** Pass over what is damaged and count it, instead of stopping with an error. */
  readonly salvage?: boolean;
}

/** Where the reader stands: what the next batch must follow. */
interface ReadPoint {
  readonly previous: string;
  readonly events: number;
  readonly note: BatchNote | undefined;
  /** The batch before was damaged and passed over. */
  readonly gap: boolean;
}

/** Opens the recording at `path`. Throws ToolError for anything that is not a readable recording. */
export function openTrace(path: string): TraceReader {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    throw fileError(error, path, 'Nothing was read.');
  }
  try {
    return new TraceReader(path, fd);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

export class TraceReader {
  readonly path: string;
  readonly header: TraceHeader;
  /** In the file form, written whole; a stream otherwise. */
  readonly isSealed: boolean;
  readonly bytes: number;
  end: TraceEnd | undefined;
  #fd: number;
  readonly #firstBatch: number;
  readonly #prefix: Uint8Array;
  readonly #headerCrc: string;

  constructor(path: string, fd: number) {
    this.path = path;
    this.#fd = fd;
    const stat = fstatSync(fd);
    if (!stat.isFile()) {
      throw new ToolError(
        'E_FORMAT',
        `${path}: not a regular file; a recording is read from a file`,
      );
    }
    this.bytes = stat.size;
    const magic = Buffer.alloc(8);
    readAt(fd, magic, 0);
    this.isSealed = magic.toString('latin1', 0, 6) === FILE_MAGIC;
    const walker = new FrameWalker(fd, this.bytes, this.isSealed ? 8 : 0);
    const first = walker.next();
    if (first.kind !== 'schema') {
      throw new ToolError(
        'E_FORMAT',
        `${path}: not an iotlb recording (no Arrow schema at its start)`,
        {
          hint: "logs and other recordings are read with 'iotlb import'",
        },
      );
    }
    const parsed = parseHeader(path, this.#read(first));
    this.header = parsed.header;
    this.#headerCrc = parsed.crc;
    const frames = [first];
    for (;;) {
      const before = walker.offset;
      const frame = walker.next();
      if (frame.kind === 'dictionary') frames.push(frame);
      else {
        this.#firstBatch = before;
        break;
      }
    }
    this.#prefix = concat(frames.map((frame) => this.#read(frame)));
  }

  /**
   * The batches in order. Sets `end` when done. A batch's views hold until the next is asked for.
   * Damage throws ToolError E_CORRUPT or E_TRUNCATED, unless salvaging.
   */
  *batches(options: ReadOptions = {}): Generator<EventBatch, void, void> {
    const salvage = options.salvage ?? false;
    const walker = new FrameWalker(this.#fd, this.bytes, this.#firstBatch);
    const losses: LossDetail[] = [];
    let note: BatchNote | undefined;
    let previous = this.#headerCrc;
    let events = 0;
    let batches = 0;
    let damaged = 0;
    let gap = false;
    let stop: Frame | FrameEnd;
    for (;;) {
      stop = walker.next();
      if (stop.kind !== 'batch') break;
      const found = this.#check(stop, { previous, events, note, gap: gap && salvage });
      if (typeof found === 'string') {
        if (!salvage) throw this.#corrupt(batches, events, found);
        damaged++;
        gap = true;
        continue;
      }
      if (salvage && found.note.first_seq > events) {
        const lost = found.note.first_seq - events;
        losses.push({ at: events, unit: 'event', lost, reason: 'damaged batch' });
      }
      gap = false;
      note = found.note;
      previous = found.crc;
      events = note.first_seq + note.rows;
      batches++;
      losses.push(...note.losses);
      if (found.batch.numRows > 0) yield fromRecordBatch(found.batch, note.first_seq);
    }
    const state = this.#endState(stop, note, salvage, { batches, events });
    const tally = note?.tally ?? { seen: 0, kept: 0, lost: 0, skipped: 0 };
    this.end = { state, tally, losses, events, batches, damaged };
  }

  close(): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #endState(
    stop: Frame | FrameEnd,
    note: BatchNote | undefined,
    salvage: boolean,
    done: { readonly batches: number; readonly events: number },
  ): TraceEnd['state'] {
    const ended = note?.end === true;
    if (stop.kind === 'cut' && (ended || this.isSealed || stop.reason !== 'ends inside a frame')) {
      if (!salvage) throw this.#truncated(stop.reason, done);
      return 'cut';
    }
    if (ended && (stop.kind === 'end-mark' || !this.isSealed)) return 'complete';
    if (this.isSealed) {
      if (!salvage) throw this.#truncated('has no end mark', done);
      return 'cut';
    }
    return stop.kind === 'cut' ? 'cut' : 'open';
  }

  #check(
    frame: Frame,
    at: ReadPoint,
  ): { readonly batch: RecordBatch; readonly note: BatchNote; readonly crc: string } | string {
    const batch = this.#decode(frame);
    if (batch === undefined) return 'is not readable as Arrow';
    const noteText = batch.metadata.get(CHECK_KEY);
    const crc = batch.metadata.get(CHECK_CRC_KEY);
    if (noteText === undefined || crc === undefined) return 'carries no checksum';
    if (batchCrc(noteText, batch) !== crc) return 'does not match its checksum';
    const note = batchNoteSchema.safeParse(parseJson(noteText)).data;
    if (note === undefined || note.rows !== batch.numRows) return 'contradicts its own note';
    if (at.note?.end === true) return 'follows the end of the recording';
    if (note.first_seq < at.events) return 'repeats events that came before';
    if (!at.gap && (note.first_seq > at.events || note.previous !== at.previous)) {
      return 'does not follow the batch before it';
    }
    const kind = batch.data.children[COLUMN_NAMES.indexOf('kind')].values as Int8Array;
    if (!isKnownKinds(kind, batch.numRows)) return 'holds a kind that this format does not have';
    return { batch, note, crc };
  }

  #decode(frame: Frame): RecordBatch | undefined {
    try {
      const reader = RecordBatchReader.from(concat([this.#prefix, this.#read(frame)]));
      const next = reader.next();
      return next.done === true ? undefined : next.value;
    } catch {
      // Arrow throws whatever damaged lengths lead to; the caller names the batch.
      return undefined;
    }
  }

  #read(frame: Frame): Uint8Array {
    const bytes = new Uint8Array(frame.bytes);
    readAt(this.#fd, bytes, frame.offset);
    return bytes;
  }

  #corrupt(batch: number, events: number, what: string): ToolError {
    return new ToolError(
      'E_CORRUPT',
      `${this.path}: batch ${batch} ${what}; the ${formatCount(events)} events before it are good. The file was left as it is.`,
      { hint: `keep what is whole with: iotlb import --salvage ${this.path} -o REPAIRED.arrow` },
    );
  }

  #truncated(
    reason: string,
    done: { readonly batches: number; readonly events: number },
  ): ToolError {
    return new ToolError(
      'E_TRUNCATED',
      `${this.path}: ${reason} after batch ${done.batches - 1}; ${formatCount(done.events)} events are readable. The file was left as it is.`,
      { hint: `keep what is whole with: iotlb import --salvage ${this.path} -o REPAIRED.arrow` },
    );
  }
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.byteLength;
  }
  return out;
}

function parseHeader(
  path: string,
  bytes: Uint8Array,
): { readonly header: TraceHeader; readonly crc: string } {
  const schema = decodeSchema(bytes);
  const text = schema?.metadata.get(HEADER_KEY);
  const crc = schema?.metadata.get(HEADER_CRC_KEY);
  if (schema === undefined || text === undefined || crc === undefined) {
    throw new ToolError('E_FORMAT', `${path}: an Arrow file, but not an iotlb recording`, {
      hint: "recordings are made by 'iotlb record' and 'iotlb import'",
    });
  }
  if (textCrc(text) !== crc) {
    throw new ToolError(
      'E_CORRUPT',
      `${path}: its header does not match its checksum; nothing was read`,
    );
  }
  const raw = parseJson(text);
  const version = versionOf(raw);
  if (version !== undefined && version > FORMAT_VERSION) {
    throw new ToolError(
      'E_NEWER_FORMAT',
      `${path}: written in format ${version}; ${TOOL.id} reads up to ${FORMAT_VERSION}. Nothing was read.`,
      { hint: 'use a newer iotlb' },
    );
  }
  const parsed = headerSchema.safeParse(raw);
  if (!parsed.success) {
    throw new ToolError(
      'E_FORMAT',
      `${path}: its header is not understood: ${parsed.error.issues[0].message}`,
    );
  }
  if (!sameColumns(schema, traceSchema('', ''))) {
    throw new ToolError(
      'E_FORMAT',
      `${path}: its columns are not those of format ${FORMAT_VERSION}`,
    );
  }
  return { header: parsed.data, crc };
}

function sameColumns(found: Schema, wanted: Schema): boolean {
  return (
    found.fields.length === wanted.fields.length &&
    wanted.fields.every((field, i) => {
      const other = found.fields[i];
      return other.name === field.name && other.type.toString() === field.type.toString();
    })
  );
}

function versionOf(raw: unknown): number | undefined {
  if (typeof raw !== 'object' || raw === null || !('version' in raw) || !('format' in raw))
    return undefined;
  return raw.format === FORMAT_NAME && typeof raw.version === 'number' ? raw.version : undefined;
}
