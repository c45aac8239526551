// Opens a recording, streams its batches in bounded memory, and checks every one before it is used.
// Reads the sealed file and the stream form alike, also while the stream is still being written.

import { closeSync, fstatSync, statSync } from 'node:fs';

import { ToolError, formatCount, openRegular } from '../base/index.ts';
import type { EventBatch, LossDetail, Tally, TraceHeader } from '../model/index.ts';
import { CHECK_CRC_KEY, frameCrc, type BatchNote } from './batch-check.ts';
import { BatchColumns } from './batch-columns.ts';
import { frameAt, isFrame, readAt, PREFIX_BYTES, type Frame, type FrameEnd } from './frames.ts';
import { fromColumns } from './from-columns.ts';
import { filesOf, openParts } from './joined-reader.ts';
import { looksLikeRecording, readHead, salvageHead, type TraceHead } from './head.ts';
import type { Compression } from './layout.ts';
import { findBatches, nextBatch, noteOf } from './salvage.ts';
import { tailDamage } from './tail.ts';
import { knownLayout } from './versions.ts';

/** What is known once all batches were read. */
export interface TraceEnd {
  /** complete: ended in good order · open: a stream that may still be written or was cut on a border · cut. */
  readonly state: 'complete' | 'open' | 'cut';
  /** With salvage, events of batches that are gone count as lost: seen = kept + lost. */
  readonly tally: Tally;
  readonly losses: readonly LossDetail[];
  /** Rows given back. */
  readonly events: number;
  readonly batches: number;
  /** Stretches of damage passed over; only with salvage. */
  readonly damaged: number;
}

export interface OpenOptions {
  /** Give back every whole batch of a damaged file and count what is missing, instead of an error. */
  readonly salvage?: boolean;
  /**
   * False where nobody looks at the captured words (`raw`): the column is checked, but not uncompressed, and
   * `raw` is empty in every batch. It is two fifths of a batch. Default true.
   */
  readonly words?: boolean;
}

/** A recording that is open for reading: a file, or the parts of a rotated one. */
export interface TraceReader extends Disposable {
  readonly path: string;
  /** As the newest version of the format has it. */
  readonly header: TraceHeader;
  /** Version of the format that the file is written in. */
  readonly version: number;
  /** In the file form, written whole; a stream otherwise. */
  readonly isSealed: boolean;
  readonly bytes: number;
  /** Of the batches read so far. */
  readonly compression: Compression;
  /** Set once all batches were read. */
  readonly end: TraceEnd | undefined;
  /**
   * The batches in order. Sets `end` when done. A batch's views hold until the next is asked for.
   * Damage throws ToolError E_CORRUPT or E_TRUNCATED, unless opened for salvage.
   */
  batches(): Generator<EventBatch, void, void>;
  close(): void;
}

/**
 * Opens the recording at `path`: a file, a folder with the parts of a rotated recording, or several such parts.
 * Throws ToolError for anything that is not a readable recording.
 */
export function openTrace(
  path: string | readonly string[],
  options: OpenOptions = {},
): TraceReader {
  const open = (file: string): TraceReader => openFile(file, options);
  if (typeof path !== 'string') return openParts(path.join(', '), path, open);
  return isFolder(path) ? openParts(path, filesOf(path), open) : open(path);
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function openFile(path: string, options: OpenOptions): TraceReader {
  const fd = openRegular(path, 'a recording');
  try {
    return new FileReader(path, fd, options);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** True where `path` is a recording, whole or damaged. Throws ToolError where it cannot be opened. */
export function isRecording(path: string): boolean {
  const fd = openRegular(path, 'a recording');
  try {
    const stat = fstatSync(fd);
    return looksLikeRecording(fd, stat.size);
  } finally {
    closeSync(fd);
  }
}

class FileReader implements TraceReader {
  readonly path: string;
  readonly isSealed: boolean;
  readonly bytes: number;
  compression: Compression = 'none';
  end: TraceEnd | undefined;
  #fd: number;
  readonly #head: TraceHead;
  readonly #salvage: boolean;
  readonly #words: boolean;

  constructor(path: string, fd: number, { salvage = false, words = true }: OpenOptions) {
    this.path = path;
    this.#fd = fd;
    const stat = fstatSync(fd);
    this.bytes = stat.size;
    this.#salvage = salvage;
    this.#words = words;
    this.#head = salvage ? salvageHead(path, fd, stat.size) : readHead(path, fd, stat.size);
    this.isSealed = this.#head.isSealed;
  }

  get version(): number {
    return this.#head.version;
  }

  get header(): TraceHeader {
    return this.#head.header;
  }

  batches(): Generator<EventBatch, void, void> {
    return this.#salvage ? this.#salvaged() : this.#strict();
  }

  close(): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  *#strict(): Generator<EventBatch, void, void> {
    const losses: LossDetail[] = [];
    const at: Progress = { events: 0, batches: 0, previous: this.#head.crc, note: undefined };
    let offset = this.#head.firstBatch;
    for (;;) {
      const frame = frameAt(this.#fd, this.bytes, offset);
      if (!isFrame(frame)) {
        const state = this.#strictEnd(frame, at);
        this.end = { state, tally: at.note?.tally ?? NO_TALLY, losses, ...counts(at), damaged: 0 };
        return;
      }
      const batch = this.#next(frame, at);
      losses.push(...(at.note?.losses ?? []));
      offset += frame.bytes;
      if (batch.count > 0) yield batch;
    }
  }

  /** Checks the batch in `frame` against what came before, moves `at` on, and decodes it. */
  #next(frame: Frame, at: Progress): EventBatch {
    const bytes = this.#read(frame);
    const note = noteOf(frame, () => frameCrc(frame, bytes));
    if (note === undefined) throw this.#corrupt(at, 'does not match its checksum');
    if (at.note?.end === true) throw this.#corrupt(at, 'follows the end of the recording');
    if (note.recording !== this.#head.recording)
      throw this.#corrupt(at, 'belongs to another recording');
    if (
      note.previous !== at.previous ||
      note.index !== at.batches ||
      note.first_seq !== at.events
    ) {
      throw this.#corrupt(
        at,
        at.batches === 0 ? 'does not follow the header' : 'does not follow the one before it',
      );
    }
    const batch = this.#decode(frame, bytes, note.first_seq);
    if (batch === undefined) throw this.#corrupt(at, 'holds what this format does not have');
    at.note = note;
    at.events += note.rows;
    at.batches++;
    at.previous = frame.message.pairs.get(CHECK_CRC_KEY) ?? '';
    return batch;
  }

  #strictEnd(stop: FrameEnd, at: Progress): TraceEnd['state'] {
    const ended = at.note?.end === true;
    const beyond = (what: string): ToolError => this.#corrupt(at, what, 'What follows');
    switch (stop.kind) {
      case 'garbage':
        throw beyond(`is not a batch (${stop.reason})`);
      case 'end-mark': {
        if (!ended) throw this.#truncated('its end mark stands before the last batch', at);
        if (this.isSealed) {
          const damage = tailDamage(this.#fd, this.bytes, stop.offset);
          if (damage !== undefined) throw this.#tail(damage, at);
        } else if (stop.offset + PREFIX_BYTES < this.bytes) {
          throw beyond('comes after the end of the recording');
        }
        return 'complete';
      }
      case 'border':
      case 'cut':
        if (this.isSealed) throw this.#truncated('is cut', at);
        if (ended) return 'complete'; // the end mark may be missing, nothing else is
        // A wrong length can point past the end while good batches follow: that is damage, not a cut.
        if (stop.kind === 'cut' && nextBatch(this.#fd, this.bytes, stop.offset + 1) !== undefined) {
          throw beyond('has a wrong length; good batches follow');
        }
        return stop.kind === 'cut' ? 'cut' : 'open';
    }
  }

  *#salvaged(): Generator<EventBatch, void, void> {
    const { batches, damaged } = findBatches(this.#fd, this.bytes, this.#head);
    const losses: LossDetail[] = [];
    let missing = 0;
    let kept = 0;
    let given = 0;
    let bad = damaged;
    let next = 0;
    let last: BatchNote | undefined;
    for (const { frame, note } of batches) {
      const batch = this.#decode(frame, this.#read(frame), kept);
      if (batch === undefined) {
        bad++;
        continue;
      }
      if (note.first_seq > next) {
        const lost = note.first_seq - next;
        losses.push({ at: next, unit: 'event', lost, reason: 'damaged batch' });
        missing += lost;
      }
      next = note.first_seq + note.rows;
      losses.push(...note.losses);
      kept += note.rows;
      given++;
      last = note;
      if (batch.count > 0) yield batch;
    }
    // A sealed header knows how many rows there were and what was lost before: only the last batch repeats it.
    const { totals = NO_TALLY } = this.header;
    if (totals.kept > next) {
      const lost = totals.kept - next;
      losses.push({ at: next, unit: 'event', lost, reason: 'damaged batch' });
      missing += lost;
    }
    const before = last?.tally ?? NO_TALLY;
    const lost = Math.max(before.lost, totals.lost) + missing;
    const skipped = Math.max(before.skipped, totals.skipped);
    const tally: Tally = { seen: kept + lost, kept, lost, skipped };
    const state = last?.end === true && bad === 0 ? 'complete' : 'cut';
    this.end = { state, tally, losses, events: kept, batches: given, damaged: bad };
  }

  #read(frame: Frame): Uint8Array {
    const bytes = new Uint8Array(frame.bytes);
    readAt(this.#fd, bytes, frame.offset);
    return bytes;
  }

  /** Undefined where the batch is not one of ours: its checksum holds, so it was written so. */
  #decode(frame: Frame, bytes: Uint8Array, firstSeq: number): EventBatch | undefined {
    const known = knownLayout(frame.message);
    if (known === undefined) return undefined;
    const { layout } = known;
    const body = bytes.subarray(frame.bytes - frame.message.bodyBytes);
    const columns = new BatchColumns(layout, body);
    if (!columns.haveRightLengths) return undefined;
    this.compression = layout.compression;
    try {
      return fromColumns(columns, known.columns, { firstSeq, words: this.#words });
    } catch (error) {
      if (error instanceof ToolError) return undefined; // its compressed data is no zstd
      throw error;
    }
  }

  #corrupt(at: Progress, what: string, subject = `batch ${at.batches}`): ToolError {
    return new ToolError(
      'E_CORRUPT',
      `${this.path}: ${subject} ${what}; the ${formatCount(at.events)} events before it are good. The file was left as it is.`,
      { hint: this.#salvageHint() },
    );
  }

  #truncated(reason: string, at: Progress): ToolError {
    return new ToolError(
      'E_TRUNCATED',
      `${this.path}: ${reason} after ${formatCount(at.batches)} batches; ${formatCount(at.events)} events are readable. The file was left as it is.`,
      { hint: this.#salvageHint() },
    );
  }

  #tail(damage: string, at: Progress): ToolError {
    return new ToolError(
      'E_CORRUPT',
      `${this.path}: ${damage}; all ${formatCount(at.events)} events are good, but other programs may misread them`,
      { hint: this.#salvageHint() },
    );
  }

  #salvageHint(): string {
    return `keep what is whole with: iotlb import --salvage ${this.path} -o REPAIRED.arrow`;
  }
}

const NO_TALLY: Tally = { seen: 0, kept: 0, lost: 0, skipped: 0 };

/** Where a strict reader stands: what the next batch must follow. */
interface Progress {
  events: number;
  batches: number;
  previous: string;
  note: BatchNote | undefined;
}

function counts(at: Progress): Pick<TraceEnd, 'events' | 'batches'> {
  return { events: at.events, batches: at.batches };
}
