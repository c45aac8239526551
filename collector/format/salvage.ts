// Finds every whole batch of a damaged recording, wherever it lies: steps over damage to the next frame
// whose checksum holds, then puts the batches in order. Holds a few hundred bytes a batch, no rows.

import { parseJson } from '../base/index.ts';
import {
  batchNoteSchema,
  carriesCrc,
  frameCrcInFile,
  headCrc,
  type BatchNote,
  CHECK_CRC_KEY,
  CHECK_KEY,
} from './batch-check.ts';
import {
  CONTINUATION,
  PREFIX_BYTES,
  frameAt,
  isFrame,
  readAt,
  type Frame,
  type FrameEnd,
} from './frames.ts';
import { tailDamage } from './tail.ts';
import { FEWEST_COLUMNS, knownLayout } from './versions.ts';
import type { TraceHead } from './head.ts';

export interface FoundBatch {
  readonly frame: Frame;
  readonly note: BatchNote;
}

export interface Salvage {
  /** Whole batches of this recording, each once, in order. */
  readonly batches: readonly FoundBatch[];
  /** Stretches of damage, and batches that are not this recording's or repeat others. */
  readonly damaged: number;
}

const WINDOW_BYTES = 256 * 1024;
const MARK = Buffer.alloc(4);
MARK.writeUInt32LE(CONTINUATION);

/** The note of a frame that is a whole batch; undefined where it is not. */
export function noteOf(frame: Frame, crc: () => string): BatchNote | undefined {
  if (frame.kind !== 'batch' || !carriesCrc(frame)) return undefined;
  if (knownLayout(frame.message) === undefined) return undefined;
  if (frame.message.pairs.get(CHECK_CRC_KEY) !== crc()) return undefined;
  const note = batchNoteSchema.safeParse(parseJson(frame.message.pairs.get(CHECK_KEY) ?? '')).data;
  return note !== undefined && note.rows === frame.message.rows ? note : undefined;
}

/** Walks the whole file. Never throws for damage. */
export function findBatches(fd: number, size: number, head: TraceHead): Salvage {
  const found: FoundBatch[] = [];
  let damaged = 0;
  let inDamage = false;
  // The head's own lengths may lie: the first batch is looked for, not computed.
  let offset = nextBatch(fd, size, 0) ?? size;
  while (offset < size) {
    const frame = frameAt(fd, size, offset);
    const note = isFrame(frame) ? noteOf(frame, () => frameCrcInFile(frame, fd)) : undefined;
    if (isFrame(frame) && note !== undefined) {
      found.push({ frame, note });
      offset += frame.bytes;
      inDamage = false;
      continue;
    }
    if (isTail(fd, size, frame, head.isSealed)) break;
    if (!inDamage) damaged++;
    inDamage = true;
    const next = nextBatch(fd, size, offset + 1);
    if (next === undefined) break;
    offset = next;
  }
  const ordered = inOrder(found, head);
  const isHeadWhole = head.damage === undefined && followsHead(fd, found[0]);
  damaged += (isHeadWhole ? 0 : 1) + found.length - ordered.length;
  return { batches: ordered, damaged };
}

/** The first batch in the file is the first of the recording and names the bytes before it. */
function followsHead(fd: number, first: FoundBatch | undefined): boolean {
  return first === undefined || first.note.previous === headCrc(fd, first.frame.offset);
}

/** Offset of the next whole batch at or after `from`. */
export function nextBatch(fd: number, size: number, from: number): number | undefined {
  const window = Buffer.alloc(Math.min(WINDOW_BYTES, Math.max(0, size - from)));
  for (let start = from; start + PREFIX_BYTES <= size;) {
    const got = readAt(fd, window, start);
    const bytes = window.subarray(0, got);
    for (
      let at = bytes.indexOf(MARK);
      at >= 0 && at + PREFIX_BYTES <= got;
      at = bytes.indexOf(MARK, at + 1)
    ) {
      if (!isPlausible(bytes.readInt32LE(at + 4), size - start - at)) continue;
      const frame = frameAt(fd, size, start + at);
      if (isFrame(frame) && noteOf(frame, () => frameCrcInFile(frame, fd)) !== undefined)
        return start + at;
    }
    if (got < window.length || start + got >= size) return undefined;
    start += got - PREFIX_BYTES + 1;
  }
  return undefined;
}

/** Arrow pads metadata to 8 bytes; a batch's is never shorter than its layout of 16 bytes a column. */
function isPlausible(metadataBytes: number, left: number): boolean {
  return metadataBytes % 8 === 0 && metadataBytes >= 16 * FEWEST_COLUMNS && metadataBytes < left;
}

function isTail(fd: number, size: number, stop: Frame | FrameEnd, isSealed: boolean): boolean {
  if (stop.kind !== 'end-mark') return false;
  return isSealed
    ? tailDamage(fd, size, stop.offset) === undefined
    : stop.offset + PREFIX_BYTES === size;
}

function inOrder(found: readonly FoundBatch[], head: TraceHead): readonly FoundBatch[] {
  const recording = head.recording ?? found[0]?.note.recording;
  const own = found.filter(({ note }) => note.recording === recording);
  const sorted = [...own].sort(
    (a, b) => a.note.index - b.note.index || a.frame.offset - b.frame.offset,
  );
  let rows = 0;
  let index = -1;
  return sorted.filter(({ note }) => {
    if (note.index <= index || note.first_seq < rows) return false; // the same batch again
    index = note.index;
    rows = note.first_seq + note.rows;
    return true;
  });
}
