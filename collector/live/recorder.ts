// Writes what a live source delivers: a batch at least every second, files in parts where asked, sealed
// when done. Memory stays bounded: at most one batch of rows, which is written before more is read.

import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';

import { Output } from '../base/index.ts';
import type { LossDetail, Tally, TraceHeader } from '../model/index.ts';
import { TraceWriter, sealTrace } from '../format/index.ts';
import type { Merger } from './merger.ts';
import { partPath } from './parts.ts';
import { sealInBackground } from './seal-worker.ts';

/** A batch is written when it has so many rows, or after FLUSH_NS. 64 Ki rows take about 7 MB. */
const BATCH_ROWS = 65_536;
export const FLUSH_NS = 1e9;

export interface RecorderOptions {
  readonly output: string;
  readonly force: boolean;
  /** Files that are read meanwhile: no part may replace one. */
  readonly inputs: readonly string[];
  /** A new part after so many bytes or ns; undefined: one file. */
  readonly rotate: { readonly bytes: number; readonly ns: number } | undefined;
  /** So many parts are kept, the oldest goes first. */
  readonly keep: number;
  readonly header: () => TraceHeader;
  readonly now: () => number;
}

export interface Part {
  readonly path: string;
  readonly tally: Tally;
  /** Settles when the part is sealed, or left as a stream. */
  readonly sealed: Promise<void>;
}

/** Where the rows of a session go. */
export interface RowSink {
  /** Parts that are done and still there, oldest first. */
  readonly parts: readonly Part[];
  readonly removedParts: number;
  /** Bytes written to parts that are done. */
  readonly doneBytes: number;
  /** Bytes of the current part. */
  readonly bytes: number;
  readonly path: string;
  /** Parts that could not be sealed and stay readable streams, with the reason. */
  readonly unsealed: readonly { readonly path: string; readonly reason: string }[];
  /** Takes what is due. Call after every part of input and at least every second. */
  step(): void;
  /** What the user's signal asks for: a new file, or what is held written. */
  ask(): void;
  finish(): Promise<void>;
  abandon(): void;
}

const NO_TALLY: Tally = { seen: 0, kept: 0, lost: 0, skipped: 0 };

export class Recorder implements RowSink {
  /** Parts that are done and still there, oldest first. */
  readonly parts: Part[] = [];
  removedParts = 0;
  /** Bytes written to parts that are done. */
  doneBytes = 0;
  /** Bytes written to the current part. */
  bytes = 0;
  readonly #merger: Merger;
  readonly #options: RecorderOptions;
  #writer: TraceWriter | undefined;
  #losses: LossDetail[] = [];
  /** Running totals when the current part began. */
  #before: Tally = NO_TALLY;
  #flushedNs: number;
  #partNs = 0;
  #partNumber = 0;
  #isAsked = false;
  /** Of the current part. */
  #marks: { readonly seq: number; readonly text: string }[] = [];
  /** The same in all parts. */
  readonly #id = randomUUID();
  /** Rows of the parts that are done, and the latest time in them: where the current part begins. */
  #firstSeq = 0;
  #beginNs = 0;
  #lastNs = 0;
  readonly #dropping: Promise<void>[] = [];
  /** Parts that could not be sealed and stay readable streams, with the reason. */
  readonly unsealed: { readonly path: string; readonly reason: string }[] = [];

  constructor(merger: Merger, options: RecorderOptions) {
    this.#merger = merger;
    this.#options = options;
    this.#flushedNs = options.now();
  }

  get path(): string {
    return this.#writer?.path ?? this.#partPath(this.#partNumber + 1);
  }

  /** Writes what is due. Call after every part of input and at least every second. */
  step(): void {
    const now = this.#options.now();
    const isDue = now - this.#flushedNs >= FLUSH_NS;
    if (this.#merger.out.count >= BATCH_ROWS || isDue) this.flush();
    const { rotate } = this.#options;
    if (rotate === undefined || this.#writer === undefined) return;
    const isOver = this.bytes >= rotate.bytes || now - this.#partNs >= rotate.ns;
    if (isOver || this.#isAsked) this.#endPart();
    this.#isAsked = false;
  }

  /** A rotated recording begins a new file at the next step. */
  ask(): void {
    this.#isAsked = true;
  }

  /** Writes the rows that are held, as a batch. A batch without rows carries the totals on. */
  flush(): void {
    const { out } = this.#merger;
    for (let i = 0; i < out.count; i++) if (out.tNs[i] > this.#lastNs) this.#lastNs = out.tNs[i];
    const writer = (this.#writer ??= this.#open());
    this.#losses.push(...this.#merger.newLosses());
    for (const { row, text } of this.#merger.takeMarks()) {
      this.#marks.push({ seq: writer.rows + row, text });
    }
    writer.append(out, this.#partTally(writer.rows + out.count), this.#losses);
    this.#losses = [];
    out.clear();
    this.bytes = writer.bytes;
    this.#flushedNs = this.#options.now();
  }

  /** Ends the recording in good order: seals the last part and waits for the others. */
  async finish(): Promise<void> {
    this.flush();
    const header = this.#header({ end_ns: this.#lastNs, last: true });
    this.#closePart(async (path) => {
      sealTrace(path, path, { header: () => header });
    });
    await Promise.all([...this.parts.map((part) => part.sealed), ...this.#dropping]);
  }

  /** Leaves the stream as it is, readable up to its last batch. */
  abandon(): void {
    this.#writer?.close();
    this.#writer = undefined;
  }

  #endPart(): void {
    this.flush();
    const header = this.#header({ end_ns: this.#lastNs });
    this.#marks = [];
    this.#closePart((path) => sealInBackground(path, header));
    while (this.parts.length + 1 > this.#options.keep) this.#dropOldest();
  }

  #dropOldest(): void {
    const oldest = this.parts.shift();
    if (oldest === undefined) return;
    this.removedParts++;
    // Sealing ends with a rename: removed before that, the part would come back.
    this.#dropping.push(oldest.sealed.then(() => rmSync(oldest.path, { force: true })));
  }

  #closePart(seal: (path: string) => Promise<void>): void {
    const writer = this.#writer;
    if (writer === undefined) return;
    const { path } = writer;
    const tally = this.#partTally(writer.rows);
    writer.finish(tally, this.#merger.lossSums());
    this.#writer = undefined;
    this.#before = this.#merger.tally();
    this.#firstSeq += writer.rows;
    this.#beginNs = this.#lastNs;
    this.doneBytes += writer.bytes;
    this.bytes = 0;
    const sealed = seal(path).catch((error: unknown) => {
      this.unsealed.push({ path, reason: String(error) });
    });
    this.parts.push({ path, tally, sealed });
  }

  /** Totals of this part: `kept` is what its file holds. */
  #partTally(kept: number): Tally {
    const { lost, skipped } = this.#merger.tally();
    const mine = lost - this.#before.lost;
    return { seen: kept + mine, kept, lost: mine, skipped: skipped - this.#before.skipped };
  }

  #open(): TraceWriter {
    this.#partNumber++;
    this.#partNs = this.#options.now();
    const output = new Output(this.#partPath(this.#partNumber), this.#options);
    return new TraceWriter(output, this.#header({}));
  }

  /** The header of the current part; a recording that is not rotated has no parts. */
  #header(end: Pick<NonNullable<TraceHeader['parts']>, 'end_ns' | 'last'>): TraceHeader {
    const header = this.#options.header();
    if (this.#options.rotate === undefined) return { ...header, marks: this.#marks };
    const part = { first_seq: this.#firstSeq, begin_ns: this.#beginNs, ...end };
    return {
      ...header,
      marks: this.#marks,
      parts: { id: this.#id, number: this.#partNumber, ...part },
    };
  }

  #partPath(number: number): string {
    const { output, rotate } = this.#options;
    return rotate === undefined ? output : partPath(output, number);
  }
}
