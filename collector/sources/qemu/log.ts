// QEMU's log (`-trace … -D FILE -msg timestamp=on`), as it is or as something on the way rewrote it: lines in,
// rows out through the families. Every line is kept, lost or other; what is lost is told with its line.

import { LineSplitter, TextCursor, ToolError } from '../../base/index.ts';
import { LossLog, type EventBuilder } from '../../model/index.ts';
import type { InputHints, SourceFacts, SourceParser, StreamForm } from '../source.ts';
import { CleanText } from '../text/clean-text.ts';
import { LineCount } from '../text/line-count.ts';
import type { StampClock } from '../text/stamps.ts';
import { QemuDispatch, barrierFacts, type EventEntry } from './dispatch.ts';
import { EventFinder } from './event-finder.ts';
import { GuestSurvey, sourceKey, type GuestMap } from './guest-survey.ts';
import { lineOfJson } from './json-line.ts';
import { readPrefix } from './prefix.ts';
import { StampReader } from './stamp.ts';
import { WallClock } from './wall-clock.ts';

/** So many of our events without a time stamp, and none with one, end the import. */
const UNSTAMPED_LIMIT = 16;
const SPACE = 32;
const TAB = 9;
const BRACE = 123;
const CARRIAGE_RETURN = 13;
/** Names of clocks in the header. */
const CLOCK_NAMES: Readonly<Record<StampClock, string>> = {
  realtime: 'realtime',
  syslog: 'syslog',
  mono: 'mono',
  trace: 'unknown',
  'time-of-day': 'time-of-day',
};
const DAY_SECONDS = 86_400;

/** Stamps of QEMU's own, where one line ran into another. */
const INNER_STAMP = /\d+@\d+\.\d{6}:|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/g;

/** A part of a line. */
interface Stretch {
  readonly from: number;
  readonly end: number;
  readonly whole: boolean;
  /** It follows an event that was not understood, in the same line. */
  readonly isRest?: boolean;
}

type LineFate = 'kept' | 'lost' | 'other';

export const qemuLog: StreamForm = {
  kind: 'stream',
  name: 'log',
  recognises: (head) => {
    const content = Buffer.from(new CleanText().push(head)).toString('latin1');
    return (
      /^(?:\d+@\d+\.\d{6}:|\d{4}-\d\d-\d\dT[\d:.]{8,15}Z )/m.test(content) ||
      new EventFinder(new QemuDispatch(NOWHERE()).entries()).isIn(content)
    );
  },
  open: (out, hints) => new QemuLogParser(out, hints),
};

class QemuLogParser implements SourceParser {
  readonly losses = new LossLog();
  readonly lines = new LineCount(this.losses);
  readonly #cursor = new TextCursor();
  readonly #stamp = new StampReader();
  readonly #clean = new CleanText();
  readonly #splitter: LineSplitter;
  readonly #dispatch: QemuDispatch;
  readonly #finder: EventFinder;
  readonly #year: number;
  readonly #yearFrom: string;
  readonly #wall = new WallClock();
  readonly #guests: GuestMap | undefined;
  readonly #survey: GuestSurvey | undefined;
  #clock: StampClock | undefined;
  #digits = 0;
  #baseSeconds = -1;
  #unstamped = 0;
  #usedYear = false;
  /** Of times of day: days that went by, and the last second. */
  #days = 0;
  #lastOfDay = 0;

  constructor(out: EventBuilder, hints: InputHints = {}) {
    this.#splitter = new LineSplitter({
      line: (bytes, start, end, number, whole) => this.#line(bytes, start, end, number, whole),
    });
    const { losses, lines } = this;
    this.#guests = hints.guests;
    this.#survey = hints.guests === undefined ? new GuestSurvey() : undefined;
    this.#dispatch = new QemuDispatch({
      out,
      losses,
      lines,
      cursor: this.#cursor,
      unit: 'line',
      ...(this.#guests === undefined ? {} : { guests: this.#guests.names }),
      ...(this.#survey === undefined ? {} : { survey: this.#survey }),
    });
    this.#dispatch.onRow = (seq, now) => this.#wall.row(seq, now, this.#dispatch.firstRow);
    this.#finder = new EventFinder(this.#dispatch.entries());
    this.#year = hints.year ?? (hints.modified ?? new Date()).getUTCFullYear();
    this.#yearFrom =
      hints.year !== undefined
        ? 'was given by --year'
        : hints.modified === undefined
          ? 'is this year'
          : "is that of the file's date";
  }

  push(bytes: Uint8Array): void {
    this.#splitter.push(this.#clean.push(bytes));
  }

  end(): void {
    this.#splitter.push(this.#clean.end());
    this.#splitter.end();
    this.#dispatch.end();
    if (this.#survey?.isMixed() === true) throw mixed();
    if (this.#clock === undefined && this.#unstamped > 0) throw this.#noStamps();
  }

  anotherPass(): InputHints | undefined {
    const guests = this.#survey?.guests();
    return guests === undefined ? undefined : { guests };
  }

  facts(): SourceFacts {
    const rule = this.#dispatch.barrierRule();
    const unknown = this.#dispatch.unknownWaits();
    const base = BigInt(Math.max(0, this.#baseSeconds)) * 1_000_000_000n;
    const first = this.#dispatch.firstRow;
    return {
      clock: {
        name: CLOCK_NAMES[this.#clock ?? 'realtime'],
        start_ns: String(base + BigInt(Number.isNaN(first) ? 0 : Math.round(first))),
        resolution_ns: 10 ** (9 - this.#digits),
        pairs: [],
      },
      ...barrierFacts(rule, unknown),
      ...this.#dispatch.facts(),
      clockSteps: this.#wall.steps(),
      detail: `log backend, ${this.#splitter.lines} lines`,
    };
  }

  warnings(): readonly string[] {
    return [
      ...this.#wall.steps().map(({ after_seq, why }) => `after event ${after_seq}: ${why}`),
      ...(this.#usedYear
        ? [
            `its time stamps name no year and no time zone: the year ${this.#year} ${this.#yearFrom} (--year sets it), and the times are taken as UTC`,
          ]
        : []),
      ...(this.#clock !== undefined && this.#digits < 6
        ? [
            `its time stamps have steps of ${this.#digits === 0 ? '1 s' : `${10 ** (3 - this.#digits)} ms`}: the order is kept, times within a step are unknown`,
          ]
        : []),
    ];
  }

  #line(bytes: Uint8Array, start: number, lineEnd: number, number: number, whole: boolean): void {
    let end = lineEnd;
    while (end > start && isBlank(bytes[end - 1])) end--;
    this.lines.seen++;
    this.#dispatch.place = number;
    const fate = this.#fate(bytes, start, end, whole);
    this.lines[fate]++;
    if (fate === 'other') this.losses.skipped++;
  }

  #fate(bytes: Uint8Array, start: number, end: number, whole: boolean): LineFate {
    const cursor = this.#cursor;
    const stamp = this.#stamp;
    cursor.open(bytes, start, end);
    const isStamped = stamp.read(cursor);
    const nameAt = cursor.at;
    const entry = this.#dispatch.find(cursor);
    if (entry !== undefined && isStamped) {
      this.#dispatch.thread = stamp.thread;
      this.#time('realtime', stamp.seconds, stamp.micros * 1000, stamp.digits);
      const isGood = this.#take(entry, nameAt, whole);
      if (isGood) return 'kept';
      this.#hidden(bytes, start, { from: nameAt + 1, end, whole, isRest: true });
      return 'lost';
    }
    if (isStamped && this.#baseSeconds >= 0)
      this.#wall.heard((stamp.seconds - this.#baseSeconds) * 1e9 + stamp.micros * 1000);
    if (bytes[start] === BRACE) {
      const line = lineOfJson(Buffer.from(bytes.subarray(start, end)).toString('utf8'));
      if (line !== undefined) return this.#fateOfMessage(line, whole);
    }
    // Another event of QEMU's: its text may hold one of ours, where lines ran into each other.
    return this.#hidden(bytes, start, { from: isStamped ? nameAt : start, end, whole });
  }

  #fateOfMessage(line: string, whole: boolean): LineFate {
    const clean = new CleanText();
    const bytes = clean.push(Buffer.from(line));
    let end = bytes.length;
    while (end > 0 && isBlank(bytes[end - 1])) end--;
    return this.#hidden(bytes, 0, { from: 0, end, whole });
  }

  /** Events of ours anywhere in the line from `from` on: behind an unknown prefix, or behind another event. */
  #hidden(bytes: Uint8Array, start: number, { from, end, whole, isRest }: Stretch): LineFate {
    const finder = this.#finder;
    let fate: LineFate = 'other';
    let before = start;
    let at = from;
    for (;;) {
      const entry = finder.next(bytes, at, end);
      if (entry === undefined) break;
      const { nameAt } = finder;
      at = nameAt + 1;
      const prefix = readPrefix(text(bytes, before, nameAt), { year: this.#year });
      const { stamp } = prefix;
      // The name of an event in another text, without a text of its own, is no event.
      const isEvent = finder.hasItsText(bytes, end, entry) || stamp?.end === nameAt - before;
      if (!isEvent) continue;
      if (this.#isCutBefore(bytes, before, before + (stamp?.at ?? 0), nameAt)) {
        this.#misread(undefined, bytes, start, end, 'cut off by another line');
        fate = 'lost';
      }
      before = nameAt;
      if (stamp === undefined) {
        if (this.#clock === undefined && ++this.#unstamped >= UNSTAMPED_LIMIT)
          throw this.#noStamps();
        this.#misread(entry, bytes, start, end, 'no time stamp');
        fate = 'lost';
        continue;
      }
      if (stamp.clock === 'syslog') this.#usedYear = true;
      const dispatch = this.#dispatch;
      dispatch.thread = prefix.thread;
      dispatch.origin = prefix.origin;
      this.#time(stamp.clock, stamp.seconds, stamp.nanos, stamp.digits);
      this.#cursor.open(bytes, nameAt, end);
      dispatch.find(this.#cursor);
      if (!this.#take(entry, nameAt, whole)) fate = 'lost';
      else if (fate === 'other') fate = 'kept';
      dispatch.origin = '';
    }
    // What is left of an event that was not understood is counted with it.
    if (fate === 'other' && isRest !== true)
      return this.#unknown(bytes, start, { from, end, whole });
    return fate;
  }

  /** A line with none of our names: it may hold one that was cut or damaged. */
  #unknown(
    bytes: Uint8Array,
    start: number,
    { from, end, whole }: { readonly from: number; readonly end: number; readonly whole: boolean },
  ): LineFate {
    if (!whole) this.#dispatch.spoil(undefined);
    const found =
      this.#finder.damaged(bytes, from, end) ??
      (this.#finder.mayHoldStamp ? this.#cutInside(bytes, from, end) : undefined);
    if (found === undefined) return 'other';
    if (!whole) {
      this.losses.add(this.#dispatch.place, 'line', 'last line is cut');
      return 'lost';
    }
    this.#misread(undefined, bytes, start, end, `the name of an event is ${found}`);
    return 'lost';
  }

  /** An event of ours that another line's stamp cuts off, where the other line is none of ours. */
  #cutInside(bytes: Uint8Array, from: number, end: number): 'cut' | undefined {
    const line = text(bytes, from, end);
    for (const stamp of line.matchAll(INNER_STAMP)) {
      if (this.#finder.damaged(bytes, from, from + stamp.index) !== undefined) return 'cut';
    }
    return undefined;
  }

  /** True where the text before a second stamp is an event of ours that does not end. */
  #isCutBefore(bytes: Uint8Array, start: number, stampAt: number, nameAt: number): boolean {
    if (stampAt <= start || stampAt > nameAt) return false;
    const cursor = new TextCursor();
    cursor.open(bytes, start, stampAt);
    if (!new StampReader().read(cursor)) return false;
    return this.#finder.damaged(bytes, cursor.at, stampAt) !== undefined;
  }

  /** The event whose text starts at the cursor. False where it was not understood. */
  #take(entry: EventEntry, nameAt: number, whole: boolean): boolean {
    const cursor = this.#cursor;
    const dispatch = this.#dispatch;
    if (!whole) {
      dispatch.spoil(entry);
      this.losses.add(dispatch.place, 'line', 'last line is cut');
      return false;
    }
    if (dispatch.handle(entry) === 'used') {
      entry.count.kept++;
      return true;
    }
    this.#misread(entry, cursor.bytes, nameAt, cursor.end, 'damaged line');
    return false;
  }

  #misread(
    entry: EventEntry | undefined,
    bytes: Uint8Array,
    start: number,
    end: number,
    reason: string,
  ): void {
    const line = this.#dispatch.place;
    this.lines.misunderstood({ line, reason, kind: entry?.count, bytes, start, end });
  }

  #time(clock: StampClock, stampSeconds: number, nanos: number, digits: number): void {
    let seconds = stampSeconds;
    if (clock === 'time-of-day') {
      // Past midnight they start over.
      if (seconds < this.#lastOfDay - DAY_SECONDS / 2) this.#days++;
      this.#lastOfDay = seconds;
      seconds += this.#days * DAY_SECONDS;
    }
    if (this.#baseSeconds < 0) this.#baseSeconds = seconds;
    this.#clock ??= clock;
    if (digits > this.#digits) this.#digits = digits;
    const dispatch = this.#dispatch;
    this.#turnTo(this.#dispatch.thread, this.#dispatch.origin);
    let shown = (seconds - this.#baseSeconds) * 1e9 + nanos;
    // A stamp without decimals among others that have them says no more than its second.
    if (digits === 0 && this.#digits > 0 && this.#wall.shownNs - shown < 1e9)
      shown = Math.max(shown, this.#wall.shownNs);
    dispatch.now = this.#wall.at(shown, dispatch.thread, 10 ** (9 - this.#digits));
  }

  /** Whose line it is. */
  #turnTo(thread: number, origin: string): void {
    this.#survey?.from(thread, origin);
    if (this.#guests !== undefined)
      this.#dispatch.guest = this.#guests.of.get(sourceKey(thread, origin)) ?? 0;
  }

  #noStamps(): ToolError {
    return new ToolError(
      'E_NO_TIMESTAMPS',
      `the log holds QEMU's events, but no time: the first ${this.#unstamped} of them have no time stamp that is known; nothing was imported`,
      {
        hint: "start QEMU with '-msg timestamp=on' (libvirt's default), log through something that stamps its lines (syslog, journald), or record live with 'iotlb record'",
      },
    );
  }
}

function mixed(): ToolError {
  return new ToolError(
    'E_FORMAT',
    'the log holds the lines of several guests, and nothing in them tells whose each is: their queues go on from different places in turn; nothing was imported',
    {
      hint: "log each guest into a file of its own ('-D FILE'), or with '-msg timestamp=on,guest-name=on'",
    },
  );
}

/** A dispatch is asked for its names only. */
function NOWHERE(): ConstructorParameters<typeof QemuDispatch>[0] {
  const losses = new LossLog();
  return {
    out: undefined as never,
    losses,
    lines: new LineCount(losses),
    cursor: new TextCursor(),
    unit: 'line',
  };
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB || code === CARRIAGE_RETURN;
}

function text(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
}
