// Holds the last stretch of a recording in memory and writes it when asked: on a signal, when the rate passes a
// limit, and at the end. Nothing touches the disk before. Memory is bounded by bytes; the oldest rows go first.

import { Output } from '../base/index.ts';
import { TraceWriter, sealTrace } from '../format/index.ts';
import {
  EventBuilder,
  RAW_BYTES,
  shiftLoss,
  shiftTimes,
  type LossDetail,
  type TraceHeader,
} from '../model/index.ts';
import type { Merger } from './merger.ts';
import { partPath } from './parts.ts';
import type { Part, RecorderOptions, RowSink } from './recorder.ts';

const CUT_NS = 1e9;
const CUT_ROWS = 65_536;
/** What a row takes in memory: its columns and its words. */
const ROW_BYTES = 96 + RAW_BYTES;

export interface HoldOptions {
  readonly ns: number;
  readonly bytes: number;
  /** Events a second above which it writes; infinite: never. */
  readonly rate: number;
}

interface Held {
  readonly rows: EventBuilder;
  readonly losses: readonly LossDetail[];
  readonly marks: readonly { readonly row: number; readonly text: string }[];
  readonly lost: number;
  readonly skipped: number;
  readonly atNs: number;
}

export class FlightRecorder implements RowSink {
  readonly parts: Part[] = [];
  readonly removedParts = 0;
  readonly unsealed: { readonly path: string; readonly reason: string }[] = [];
  doneBytes = 0;
  readonly #merger: Merger;
  readonly #options: RecorderOptions;
  readonly #hold: HoldOptions;
  readonly #held: Held[] = [];
  #lost = 0;
  #skipped = 0;
  #cutNs: number;
  /** No second writing for the same burst. */
  #quietUntilNs = 0;
  #isAsked = false;

  constructor(merger: Merger, options: RecorderOptions, hold: HoldOptions) {
    this.#merger = merger;
    this.#options = options;
    this.#hold = hold;
    this.#cutNs = options.now();
  }

  get path(): string {
    return partPath(this.#options.output, this.parts.length + 1);
  }

  /** Bytes held in memory. */
  get bytes(): number {
    return this.#held.reduce((sum, { rows }) => sum + rows.count, 0) * ROW_BYTES;
  }

  /** Has what is held written at the next step. */
  ask(): void {
    this.#isAsked = true;
  }

  step(): void {
    const now = this.#options.now();
    const spent = now - this.#cutNs;
    const { count } = this.#merger.out;
    if (count < CUT_ROWS && spent < CUT_NS && !this.#isAsked) return;
    const rate = spent > 0 ? (count / spent) * 1e9 : 0;
    this.#cut(now);
    const isFast = rate > this.#hold.rate && now >= this.#quietUntilNs;
    if (!this.#isAsked && !isFast) return;
    this.#isAsked = false;
    this.#quietUntilNs = now + this.#hold.ns;
    this.#write();
  }

  async finish(): Promise<void> {
    this.#cut(this.#options.now());
    if (this.#held.some(({ rows }) => rows.count > 0) || this.parts.length === 0) this.#write();
  }

  abandon(): void {
    this.#held.length = 0;
  }

  /** Takes the merger's rows over and forgets what is too old or too much. */
  #cut(now: number): void {
    const { out } = this.#merger;
    const { lost, skipped } = this.#merger.tally();
    const rows = new EventBuilder(Math.max(1, out.count));
    rows.append(out, 0, out.count);
    out.clear();
    const [losses, marks] = [this.#merger.newLosses(), this.#merger.takeMarks()];
    this.#held.push({
      rows,
      losses,
      marks,
      lost: lost - this.#lost,
      skipped: skipped - this.#skipped,
      atNs: now,
    });
    this.#lost = lost;
    this.#skipped = skipped;
    this.#cutNs = now;
    const isOver = ({ atNs }: Held): boolean =>
      atNs < now - this.#hold.ns || this.bytes > this.#hold.bytes;
    while (this.#held.length > 1 && isOver(this.#held[0])) this.#held.shift();
  }

  /** Writes what is held as a recording of its own, which begins with its first row. */
  #write(): void {
    const { path } = this;
    const held = this.#held.splice(0);
    const first = held.find(({ rows }) => rows.count > 0)?.rows.tNs[0] ?? 0;
    const header = startingAt(this.#options.header(), first);
    const writer = new TraceWriter(new Output(path, this.#options), header);
    const tally = { seen: 0, kept: 0, lost: 0, skipped: 0 };
    const named: { readonly seq: number; readonly text: string }[] = [];
    for (const { rows, losses, marks, lost, skipped } of held) {
      named.push(...marks.map(({ row, text }) => ({ seq: tally.kept + row, text })));
      for (let row = 0; row < rows.count; row++) shiftTimes(rows, row, -first);
      tally.kept += rows.count;
      tally.lost += lost;
      tally.skipped += skipped;
      tally.seen = tally.kept + tally.lost;
      writer.append(
        rows,
        { ...tally },
        losses.map((loss) => shiftLoss(loss, -first)),
      );
    }
    writer.finish(tally, []);
    this.doneBytes += writer.bytes;
    sealTrace(path, path, { header: () => ({ ...header, marks: named }) });
    this.parts.push({ path, tally, sealed: Promise.resolve() });
  }
}

function startingAt(header: TraceHeader, ns: number): TraceHeader {
  const start = BigInt(header.clock.start_ns) + BigInt(Math.round(ns));
  return { ...header, clock: { ...header.clock, start_ns: String(start) } };
}
