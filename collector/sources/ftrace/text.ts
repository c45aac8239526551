// The text of tracefs `trace` and `trace_pipe`, with or without the latency columns (spec 6.2), of `perf script`
// and `trace-cmd report`. Other forms go through loose-line.ts. Every line is kept, lost or other.

import { LineSplitter, NameTable, TextCursor, ToolError, ascii } from '../../base/index.ts';
import { LossLog, type EventBuilder } from '../../model/index.ts';
import type { InputHints, SourceFacts, SourceParser, StreamForm } from '../source.ts';
import { pageOf } from '../../decoders/columns.ts';
import { CleanText } from '../text/clean-text.ts';
import { LineCount, type KindCount } from '../text/line-count.ts';
import { CpuOrder, heldEvent } from './cpu-order.ts';
import { EVENT_ROLES, GuestEvents, ROLE, type Role } from './guest-events.ts';
import { looseLine } from './loose-line.ts';

const HASH = 35;
const OPEN = 91;
const CLOSE = 93;
const SPACE = 32;
const COLON = 58;
const DOT = 46;
const ZERO = 48;
const LETTER_X = 120;

const IOMMU = ascii('IOMMU: ');
const DEVICE = ascii('dev=');
const IOVA = ascii('iova=');
/** What tells that a line without a known prefix may hold one of our events. */
const MARKS = ['IOMMU: ', 'qi_submit: ', 'cache_tag_'];
const TO = ascii(' - ');
const SIZE = ascii(' size=');
const UNMAPPED = ascii(' unmapped_size=');
const QI_NAMES = new NameTable<number>([
  ['cc_inv', 1],
  ['iotlb_inv', 2],
  ['dev_tlb_inv', 3],
  ['iec_inv', 4],
  ['inv_wait', 5],
  ['p_iotlb_inv', 6],
  ['pc_inv', 7],
  ['p_dev_tlb_inv', 8],
  ['page_grp_resp', 9],
]);
/** The latency format has no brackets: the CPU runs into its flags, the time ends in `us` and a mark. */
const LATENCY_HEAD = /^ *\S.{0,15}-\d+ +(\d{1,5})\S* +(\d{1,15})us.?: +/;
const LATENCY_HEAD_BYTES = 80;
/** Names of other events are kept until the first row, for the message that there is none. */
const NAMES_KEPT = 64;

export const ftraceText: StreamForm = {
  kind: 'stream',
  name: 'text',
  recognises: (head) => {
    const text = Buffer.from(new CleanText().push(head)).toString('latin1');
    return (
      /^# tracer: /m.test(text) ||
      /^.{1,60}\[\d{3,}\].{0,12}\s\d+\.\d{6,9}: +[\w:]+: /m.test(text) ||
      text.split('\n').some((line) => mayHoldEvent(line) && looseLine(line) !== undefined)
    );
  },
  open: (out, hints) => new FtraceTextParser(out, hints),
};

function mayHoldEvent(line: string | Buffer): boolean {
  return MARKS.some((mark) => line.includes(mark));
}

class FtraceTextParser implements SourceParser {
  readonly losses = new LossLog();
  readonly lines = new LineCount(this.losses);
  readonly #events: GuestEvents;
  readonly #clean = new CleanText();
  readonly #counts: Readonly<Record<Role, KindCount>>;
  /** Set where the text is known not to be in order of time. */
  readonly #order: CpuOrder | undefined;
  readonly #held = heldEvent();
  /** Time of the last event. */
  #latest = Number.NEGATIVE_INFINITY;
  #isUnordered = false;
  readonly #cursor = new TextCursor();
  readonly #splitter: LineSplitter;
  readonly #roles = new NameTable<Role>(
    EVENT_ROLES.flatMap(({ system, name, role }) => [
      [name, role] as const,
      [`${system}:${name}`, role] as const,
    ]),
  );
  readonly #lower = { q0lo: 0, q0hi: 0, q1lo: 0, q1hi: 0 };
  readonly #upper = { q0lo: 0, q0hi: 0, q1lo: 0, q1hi: 0 };
  readonly #others = new Map<string, number>();
  #clock = 'unknown';
  #baseSeconds = -1;
  #seconds = 0;
  #nanos = 0;
  #digits = 0;
  #cpu = 0;

  constructor(out: EventBuilder, hints: InputHints = {}) {
    this.#events = new GuestEvents(out, this.losses);
    this.#order = hints.isUnordered === true ? new CpuOrder() : undefined;
    const { lines } = this;
    this.#counts = {
      [ROLE.none]: lines.kind('other'),
      [ROLE.qiSubmit]: lines.kind('intel_iommu:qi_submit'),
      [ROLE.unmap]: lines.kind('iommu:unmap'),
      [ROLE.border]: lines.kind('borders'),
    };
    this.#splitter = new LineSplitter({
      line: (bytes, start, end, number, whole) => this.#line(bytes, start, end, number, whole),
    });
  }

  push(bytes: Uint8Array): void {
    this.#splitter.push(this.#clean.push(bytes));
  }

  end(): void {
    this.#splitter.push(this.#clean.end());
    this.#splitter.end();
    const held = this.#held;
    this.#order?.drain(held, () => {
      this.#events.instance = held.instance;
      this.#emit();
    });
    this.#events.end();
  }

  anotherPass(): InputHints | undefined {
    return this.#isUnordered && this.#order === undefined ? { isUnordered: true } : undefined;
  }

  facts(): SourceFacts {
    const first = Number.isNaN(this.#events.firstRow) ? 0 : this.#events.firstRow;
    const base = BigInt(Math.max(0, this.#baseSeconds)) * 1_000_000_000n;
    return {
      ...this.#events.facts(),
      clock: {
        name: this.#clock,
        start_ns: String(base + BigInt(first)),
        resolution_ns: 10 ** (9 - Math.max(6, this.#digits)),
        pairs: [],
      },
      detail: `trace text, ${this.#splitter.lines} lines`,
    };
  }

  insteadFound(): string | undefined {
    if (this.#others.size === 0) return undefined;
    const most = [...this.#others].sort((a, b) => b[1] - a[1]).slice(0, 5);
    return most.map(([name, count]) => `${count} of ${name}`).join(', ');
  }

  #line(bytes: Uint8Array, start: number, lineEnd: number, number: number, whole: boolean): void {
    let end = lineEnd;
    while (end > start && bytes[end - 1] === SPACE) end--;
    const fate = this.#fate(bytes, start, end, number, whole);
    this.lines.seen++;
    this.lines[fate]++;
    if (fate === 'other' && end > start && bytes[start] !== HASH) this.losses.skipped++;
  }

  #fate(
    bytes: Uint8Array,
    start: number,
    end: number,
    number: number,
    whole: boolean,
  ): 'kept' | 'lost' | 'other' {
    if (end === start) return 'other';
    if (bytes[start] === HASH) {
      this.#comment(Buffer.from(bytes.subarray(start, end)).toString('latin1'), number);
      return 'other';
    }
    const cursor = this.#cursor;
    const isKnown = this.#prefix(bytes, start, end) || this.#latencyPrefix(bytes, start, end);
    const nameEnd = isKnown ? this.#nameEnd(cursor) : -1;
    const role = nameEnd < 0 ? undefined : this.#roles.find(bytes, cursor.at, nameEnd);
    if (role === undefined) {
      const fate = this.#loose(bytes, start, end, number, whole);
      if (fate !== 'other') return fate;
      if (isKnown) this.#note(bytes, cursor.at, nameEnd);
      else if (this.#lostLine(bytes, start, end, number)) return 'lost';
      return 'other';
    }
    this.#instance(bytes, start, cursor.at);
    cursor.at = nameEnd + 1;
    while (bytes[cursor.at] === SPACE && cursor.at < end) cursor.at++;
    return this.#take(role, bytes, start, number, whole);
  }

  /** The event whose text starts at the cursor. */
  #take(
    role: Role,
    bytes: Uint8Array,
    start: number,
    number: number,
    whole: boolean,
  ): 'kept' | 'lost' | 'other' {
    const cursor = this.#cursor;
    if (this.#baseSeconds < 0) this.#baseSeconds = this.#seconds;
    const held = this.#held;
    held.role = role;
    held.time = (this.#seconds - this.#baseSeconds) * 1e9 + this.#nanos;
    held.cpu = this.#cpu;
    held.instance = this.#events.instance;
    if (role === ROLE.border) {
      this.#put();
      return 'kept';
    }
    if (!whole) {
      this.losses.add(number, 'line', 'last line is cut');
      return 'lost';
    }
    const textAt = cursor.at;
    if (role === ROLE.unmap) {
      cursor.expect(IOMMU);
      if (!cursor.ok) return 'other'; // another subsystem's event of this name
    }
    if (role === ROLE.qiSubmit ? this.#qiSubmit() : this.#unmap()) {
      this.#counts[role].kept++;
      this.#put();
      // Behind it another line may have run in.
      return 'kept';
    }
    const { end } = cursor;
    const kind = this.#counts[role];
    this.lines.misunderstood({ line: number, reason: 'damaged line', kind, bytes, start, end });
    const rest = Buffer.from(bytes.buffer, bytes.byteOffset + textAt, end - textAt);
    if (mayHoldEvent(rest)) this.#loose(bytes, textAt, end, number, whole);
    return 'lost';
  }

  /** An event behind a prefix of another form, or behind another line that was cut. */
  #loose(
    bytes: Uint8Array,
    start: number,
    end: number,
    number: number,
    whole: boolean,
  ): 'kept' | 'lost' | 'other' {
    const line = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start);
    if (!mayHoldEvent(line)) return 'other';
    const found = looseLine(line.toString('latin1'));
    if (found === undefined) return 'other';
    const name = Buffer.from(found.name, 'latin1');
    const role = this.#roles.find(name, 0, name.length);
    if (role === undefined) return 'other';
    if (found.time === undefined) {
      if (role === ROLE.border) return 'other';
      const kind = this.#counts[role];
      this.lines.misunderstood({ line: number, reason: 'no time stamp', kind, bytes, start, end });
      return 'lost';
    }
    this.#seconds = found.time.seconds;
    this.#nanos = found.time.nanos;
    this.#digits = Math.max(this.#digits, found.time.digits);
    this.#cpu = found.cpu;
    if (this.#clock === 'unknown' && found.time.clock !== undefined) this.#clock = found.time.clock;
    this.#instance(bytes, start, start + found.textAt);
    this.#cursor.open(bytes, start + found.textAt, end);
    return this.#take(role, bytes, start, number, whole);
  }

  /** `FILE: ` or `INSTANCE: ` before the task, as `trace-cmd report` prints it for several. */
  #instance(bytes: Uint8Array, start: number, nameAt: number): void {
    let at = start;
    while (at < nameAt && bytes[at] === SPACE) at++;
    let stop = at;
    while (stop < nameAt && bytes[stop] !== SPACE) stop++;
    if (bytes[stop - 1] !== COLON || stop === nameAt) {
      this.#events.instance = 0;
      return;
    }
    const rest = Buffer.from(bytes.subarray(stop, nameAt)).toString('latin1');
    if (!/^ +\S.*-\d+ +(?:\(.*\) +)?\[\d{3,}\]/.test(rest)) {
      this.#events.instance = 0;
      return;
    }
    const name = Buffer.from(bytes.subarray(at, stop - 1)).toString('latin1');
    this.#events.instance = Math.max(0, this.#events.instanceOf(name));
  }

  /** The event at hand, at once or in its turn. */
  #put(): void {
    const held = this.#held;
    if (this.#order !== undefined) {
      this.#order.add(held);
      return;
    }
    if (held.time < this.#latest) this.#isUnordered = true;
    this.#latest = held.time;
    this.#emit();
  }

  #emit(): void {
    const { role, time, cpu, stream, words, page, pages } = this.#held;
    if (role === ROLE.border) {
      this.#events.border(cpu);
    } else if (role === ROLE.unmap) {
      this.#events.unmap(time, cpu, page, pages);
    } else {
      const { lower, upper } = { lower: this.#lower, upper: this.#upper };
      [lower.q0lo, lower.q0hi, lower.q1lo, lower.q1hi] = words;
      [upper.q0lo, upper.q0hi, upper.q1lo, upper.q1hi] = words.subarray(4);
      this.#events.qiSubmit(time, cpu, stream, lower, upper);
    }
  }

  /** Everything up to the event's name. The first `[CPU]` that a time follows is it; a comm may hold brackets. */
  #prefix(bytes: Uint8Array, start: number, end: number): boolean {
    for (
      let open = bytes.indexOf(OPEN, start);
      open >= 0 && open < end;
      open = bytes.indexOf(OPEN, open + 1)
    ) {
      if (this.#cpuAndTime(bytes, open + 1, end)) return true;
    }
    return false;
  }

  /** `comm-pid CPUflags TIMEus: ` of the latency format: µs from the start of the buffer. */
  #latencyPrefix(bytes: Uint8Array, start: number, end: number): boolean {
    const head = Buffer.from(bytes.subarray(start, Math.min(end, start + LATENCY_HEAD_BYTES)));
    const found = LATENCY_HEAD.exec(head.toString('latin1'));
    if (found === null) return false;
    const micros = Number(found[2]);
    this.#cpu = Number(found[1]);
    this.#seconds = Math.floor(micros / 1e6);
    this.#nanos = (micros % 1e6) * 1000;
    this.#digits = 6;
    this.#cursor.open(bytes, start + found[0].length, end);
    return true;
  }

  #cpuAndTime(bytes: Uint8Array, at: number, end: number): boolean {
    const cursor = this.#cursor;
    cursor.open(bytes, at, end);
    this.#cpu = cursor.decimal();
    if (!cursor.ok || cursor.at - at < 3 || bytes[cursor.at] !== CLOSE) return false;
    cursor.at++;
    if (this.#time(cursor)) return true;
    // The latency columns stand between: any characters, as kernels add some (spec 6.2).
    while (cursor.at < end && bytes[cursor.at] === SPACE) cursor.at++;
    while (cursor.at < end && bytes[cursor.at] !== SPACE) cursor.at++;
    return this.#time(cursor);
  }

  /** ` SEC.FRACTION: ` with 6 or 9 digits; leaves the cursor where it was where there is none. */
  #time(cursor: TextCursor): boolean {
    const { bytes, end } = cursor;
    const start = cursor.at;
    cursor.ok = true;
    while (cursor.at < end && bytes[cursor.at] === SPACE) cursor.at++;
    const from = cursor.at;
    const seconds = cursor.decimal();
    if (cursor.ok && bytes[cursor.at] === DOT) {
      const fraction = ++cursor.at;
      const value = cursor.decimal();
      const digits = cursor.at - fraction;
      if (cursor.ok && (digits === 6 || digits === 9) && bytes[cursor.at] === COLON) {
        this.#seconds = seconds;
        this.#nanos = digits === 6 ? value * 1000 : value;
        this.#digits = digits;
        cursor.at++;
        while (cursor.at < end && bytes[cursor.at] === SPACE) cursor.at++;
        return true;
      }
    } else if (cursor.ok && bytes[cursor.at] === COLON && cursor.at - from >= 7) {
      throw new ToolError(
        'E_FORMAT',
        `line ${this.#splitter.lines}: its times are plain counts, not seconds: the trace clock was 'counter' or a cycle counter`,
        {
          hint: "record with 'echo mono > trace_clock'",
        },
      );
    }
    cursor.at = start;
    cursor.ok = true;
    return false;
  }

  /** Where the name ends: at a colon that a space or the line's end follows. */
  #nameEnd(cursor: TextCursor): number {
    const { bytes, end } = cursor;
    for (let at = cursor.at; at < end; at++) {
      const code = bytes[at];
      if (code === COLON && (at + 1 === end || bytes[at + 1] === SPACE)) return at;
      if (code === SPACE) return -1;
    }
    return -1;
  }

  /** `NAME IOMMU: 0xQW0 0xQW1 0xQW2 0xQW3` */
  #qiSubmit(): boolean {
    const cursor = this.#cursor;
    const { bytes, end } = cursor;
    const name = cursor.at;
    let at = name;
    while (at < end && bytes[at] !== SPACE) at++;
    const nameEnd = at;
    const iommu = at + 1;
    while (at < end && bytes[at] !== COLON) at++;
    const iommuEnd = at;
    cursor.at = at + 1;
    const { words } = this.#held;
    for (let i = 0; i < 8; i += 2) {
      this.#word();
      words[i] = cursor.low;
      words[i + 1] = cursor.high;
    }
    if (!cursor.ok || !cursor.atEnd() || iommuEnd <= iommu) return false;
    // A printed name of another type than the word's means that the line is damaged.
    const printed = QI_NAMES.find(bytes, name, nameEnd);
    if (printed !== undefined && printed !== (words[0] & 0xf)) return false;
    const stream = this.#events.iommu(bytes, iommu, iommuEnd);
    this.#held.stream = stream;
    return stream >= 0;
  }

  /** A hex word after a space; older kernels print no `0x`. */
  #word(): void {
    const cursor = this.#cursor;
    if (cursor.bytes[cursor.at] !== SPACE) cursor.ok = false;
    cursor.at++;
    this.#hex();
  }

  #hex(): void {
    const cursor = this.#cursor;
    if (cursor.bytes[cursor.at] === ZERO && cursor.bytes[cursor.at + 1] === LETTER_X)
      cursor.at += 2;
    cursor.hex64();
  }

  /**
   * `[dev=NAME ]iova=0x…[ - 0x…] size=N unmapped_size=M`: the end, exclusive, came with Linux 5.17, the device is
   * in vendors' kernels. What was unmapped counts.
   */
  #unmap(): boolean {
    const cursor = this.#cursor;
    const { bytes, end } = cursor;
    if (this.#skips(DEVICE)) {
      while (cursor.at < end && bytes[cursor.at] !== SPACE) cursor.at++;
      cursor.at++;
    }
    cursor.expect(IOVA);
    this.#hex();
    const held = this.#held;
    held.page = pageOf(cursor.low, cursor.high);
    if (this.#skips(TO)) this.#hex();
    cursor.expect(SIZE);
    const size = cursor.decimal();
    cursor.expect(UNMAPPED);
    const unmapped = cursor.decimal();
    if (!cursor.ok || !cursor.atEnd()) return false;
    held.pages = Math.max(1, Math.ceil((unmapped === 0 ? size : unmapped) / 4096));
    return true;
  }

  #skips(text: Uint8Array): boolean {
    const cursor = this.#cursor;
    const { at, ok } = cursor;
    cursor.expect(text);
    if (cursor.ok) return true;
    cursor.at = at;
    cursor.ok = ok;
    return false;
  }

  #comment(text: string, line: number): void {
    const entries = /entries-in-buffer\/entries-written: (\d+)\/(\d+)/.exec(text);
    if (entries !== null) {
      const overwritten = Number(entries[2]) - Number(entries[1]);
      if (overwritten > 0) {
        this.losses.add(
          line,
          'line',
          'overwritten in the kernel buffer before it was read',
          overwritten,
        );
      }
    }
    const clock = /^#\s*(?:trace[_ ])?clock\s*[:=]?\s*(.*)$/i.exec(text)?.[1];
    if (clock !== undefined) this.#clock = /\[(\w+)\]/.exec(clock)?.[1] ?? clock.trim();
  }

  /** `CPU:n [LOST m EVENTS]`, or nothing of ours. */
  #lostLine(bytes: Uint8Array, start: number, end: number, number: number): boolean {
    const text = Buffer.from(bytes.subarray(start, Math.min(end, start + 200))).toString('latin1');
    const lost = /^\s*(?:\S+: +)?CPU:(\d+) \[LOST (?:(\d+) )?EVENTS\]/.exec(text);
    if (lost === null) return false;
    const reason =
      lost[2] === undefined
        ? `events of CPU ${lost[1]}, number not told`
        : `events of CPU ${lost[1]}`;
    this.losses.add(number, 'line', reason, Number(lost[2] ?? 1));
    this.#events.end();
    return true;
  }

  #note(bytes: Uint8Array, start: number, nameEnd: number): void {
    if (!Number.isNaN(this.#events.firstRow) || this.#others.size >= NAMES_KEPT) return;
    const end = nameEnd < 0 ? start + 24 : nameEnd;
    const name = Buffer.from(bytes.subarray(start, end))
      .toString('latin1')
      .replace(/[^\w:].*$/s, '');
    this.#others.set(name, (this.#others.get(name) ?? 0) + 1);
  }
}
