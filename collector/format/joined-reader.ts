// The parts of a rotated recording as one: checked to be parts of the same recording that follow each other,
// then read one after the other. What is missing between them is counted as lost and said.

import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { ToolError, fileError, formatCount } from '../base/index.ts';
import {
  batchOf,
  type EventBatch,
  type LossDetail,
  type Tally,
  type TraceHeader,
} from '../model/index.ts';
import type { Compression } from './layout.ts';
import type { TraceEnd, TraceReader } from './reader.ts';

type Part = NonNullable<TraceHeader['parts']>;

interface OpenPart {
  readonly reader: TraceReader;
  readonly part: Part;
}

/** The files of a folder that may be parts, in order of name. Throws ToolError where it holds none. */
export function filesOf(folder: string): readonly string[] {
  let names: readonly string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    throw fileError(error, folder, 'Nothing was read.');
  }
  const files = names
    .filter((name) => /\.arrows?$/.test(name))
    .sort()
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());
  if (files.length > 0) return files;
  throw new ToolError('E_EMPTY', `${folder}: holds no recording (*.arrow); nothing was read`);
}

/**
 * The recordings `paths` as one recording called `name`, each opened by `open`. Throws ToolError where they are
 * not parts of one.
 */
export function openParts(
  name: string,
  paths: readonly string[],
  open: (path: string) => TraceReader,
): TraceReader {
  const readers: TraceReader[] = [];
  try {
    for (const path of paths) readers.push(open(path));
    if (readers.length === 1) return readers[0];
    return new JoinedReader(name, inOrder(name, readers));
  } catch (error) {
    for (const reader of readers) reader.close();
    throw error;
  }
}

function inOrder(name: string, readers: readonly TraceReader[]): readonly OpenPart[] {
  const parts = readers.map((reader): OpenPart => {
    const { parts: part } = reader.header;
    if (part !== undefined) return { reader, part };
    throw notOne(name, `${reader.path} does not say which part of a recording it is`);
  });
  parts.sort((a, b) => a.part.number - b.part.number);
  for (let i = 1; i < parts.length; i++) {
    const [before, after] = [parts[i - 1], parts[i]];
    const both = `${before.reader.path} and ${after.reader.path}`;
    if (before.part.id !== after.part.id) throw notOne(name, `${both} are of two recordings`);
    if (before.reader.header.writer !== after.reader.header.writer) {
      throw notOne(name, `${both} were not written by the same program`);
    }
    if (before.part.number === after.part.number) {
      throw notOne(name, `${both} are both part ${after.part.number}`);
    }
    const isNext = before.part.number + 1 === after.part.number;
    const end = before.part.end_ns;
    if (isNext && end !== undefined && end !== after.part.begin_ns) {
      throw notOne(name, `${after.reader.path} does not begin where ${before.reader.path} ends`);
    }
  }
  return parts;
}

function notOne(name: string, why: string): ToolError {
  return new ToolError(
    'E_MISMATCH',
    `${name}: these files are not parts of one recording: ${why}. Nothing was read.`,
    { hint: "'iotlb merge' joins different recordings" },
  );
}

class JoinedReader implements TraceReader {
  readonly path: string;
  readonly header: TraceHeader;
  readonly version: number;
  readonly isSealed: boolean;
  readonly bytes: number;
  end: TraceEnd | undefined;
  readonly #parts: readonly OpenPart[];

  constructor(path: string, parts: readonly OpenPart[]) {
    const readers = parts.map(({ reader }) => reader);
    this.path = path;
    this.#parts = parts;
    this.version = Math.min(...readers.map(({ version }) => version));
    this.isSealed = readers.every(({ isSealed }) => isSealed);
    this.bytes = readers.reduce((sum, { bytes }) => sum + bytes, 0);
    this.header = joinedHeader(parts);
  }

  get compression(): Compression {
    return this.#parts[0].reader.compression;
  }

  *batches(): Generator<EventBatch, void, void> {
    const losses: LossDetail[] = [];
    const tally = { seen: 0, kept: 0, lost: 0, skipped: 0 };
    let state: TraceEnd['state'] = 'complete';
    let batches = 0;
    let damaged = 0;
    let rows = 0;
    /** Number in the recorder's counting of the row that should come next, and its time. */
    let next = { seq: 0, ns: 0, number: 1 };
    for (const { reader, part } of this.#parts) {
      const lost = part.first_seq - next.seq;
      if (lost > 0) {
        losses.push(missing(rows, lost, next, part));
        tally.seen += lost;
        tally.lost += lost;
      } else if (lost < 0) {
        throw notOne(
          this.path,
          `${reader.path} begins with row ${formatCount(part.first_seq)}, but ${formatCount(next.seq)} rows come before it`,
        );
      }
      for (const batch of reader.batches()) {
        const { count, present } = batch;
        yield batchOf({ firstSeq: rows, count, present }, ({ field }) => batch[field]);
        rows += count;
      }
      const end = ended(reader);
      add(tally, end.tally);
      losses.push(...end.losses);
      batches += end.batches;
      damaged += end.damaged;
      if (end.state !== 'complete') state = end.state;
      next = {
        seq: part.first_seq + end.events,
        ns: part.end_ns ?? part.begin_ns,
        number: part.number + 1,
      };
    }
    this.end = { state, tally, losses, events: rows, batches, damaged };
  }

  close(): void {
    for (const { reader } of this.#parts) reader.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** The last part knows all streams and waiters; what belongs to rows is renumbered. */
function joinedHeader(parts: readonly OpenPart[]): TraceHeader {
  const headers = parts.map(({ reader }) => reader.header);
  const { parts: _, totals: __, ...last } = headers[headers.length - 1];
  let rows = 0;
  const firsts = headers.map(({ totals }) => {
    const first = rows;
    rows += totals?.kept ?? 0;
    return first;
  });
  return {
    ...last,
    clock_steps: headers.flatMap(({ clock_steps: steps }, i) =>
      steps.map((step) => ({ ...step, after_seq: firsts[i] + step.after_seq })),
    ),
    marks: headers.flatMap(({ marks }, i) =>
      marks.map((mark) => ({ ...mark, seq: firsts[i] + mark.seq })),
    ),
  };
}

function missing(
  at: number,
  lost: number,
  next: { readonly ns: number; readonly number: number },
  part: Part,
): LossDetail {
  const [first, last] = [next.number, part.number - 1];
  const which = first === last ? `part ${first} is` : `parts ${first} to ${last} are`;
  const reason = first > last ? `the end of part ${last} is missing` : `${which} not there`;
  return { at, unit: 'event', lost, reason, from_ns: next.ns, to_ns: part.begin_ns };
}

function add(sum: { -readonly [K in keyof Tally]: number }, tally: Tally): void {
  sum.seen += tally.seen;
  sum.kept += tally.kept;
  sum.lost += tally.lost;
  sum.skipped += tally.skipped;
}

function ended({ end }: TraceReader): TraceEnd {
  if (end === undefined) throw new Error('a part was read through without an end');
  return end;
}
