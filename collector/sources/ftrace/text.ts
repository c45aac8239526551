// The text of tracefs `trace` and `trace_pipe`, with or without the latency columns (spec 6.2); lines of
// `perf script` and `trace-cmd report` have the same parts and are read too. Loss lines are counted.

import { LineSplitter, NameTable, TextCursor, ToolError, ascii } from '../../base/index.ts';
import { LossLog, type EventBuilder } from '../../model/index.ts';
import type { SourceFacts, SourceParser, StreamForm } from '../source.ts';
import { pageOf } from '../../decoders/columns.ts';
import { EVENT_ROLES, GuestEvents, ROLE, type Role } from './guest-events.ts';

const HASH = 35;
const OPEN = 91;
const CLOSE = 93;
const SPACE = 32;
const COLON = 58;
const DOT = 46;
const ZERO = 48;
const LETTER_X = 120;

const IOVA = ascii('IOMMU: iova=');
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
    const text = Buffer.from(head).toString('latin1');
    return (
      /^# tracer: /m.test(text) || /^.{1,40}\[\d{3,}\].{0,12}\s\d+\.\d{6,9}: +[\w:]+: /m.test(text)
    );
  },
  open: (out) => new FtraceTextParser(out),
};

class FtraceTextParser implements SourceParser {
  readonly losses = new LossLog();
  readonly #events: GuestEvents;
  readonly #cursor = new TextCursor();
  readonly #lines: LineSplitter;
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

  constructor(out: EventBuilder) {
    this.#events = new GuestEvents(out, this.losses);
    this.#lines = new LineSplitter({
      line: (bytes, start, end, number, whole) => this.#line(bytes, start, end, number, whole),
    });
  }

  push(bytes: Uint8Array): void {
    this.#lines.push(bytes);
  }

  end(): void {
    this.#lines.end();
    this.#events.end();
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
      detail: `trace text, ${this.#lines.lines} lines`,
    };
  }

  insteadFound(): string | undefined {
    if (this.#others.size === 0) return undefined;
    const most = [...this.#others].sort((a, b) => b[1] - a[1]).slice(0, 5);
    return most.map(([name, count]) => `${count} of ${name}`).join(', ');
  }

  #line(bytes: Uint8Array, start: number, end: number, number: number, whole: boolean): void {
    if (end === start) return;
    if (bytes[start] === HASH) {
      this.#comment(Buffer.from(bytes.subarray(start, end)).toString('latin1'), number);
      return;
    }
    if (!this.#prefix(bytes, start, end) && !this.#latencyPrefix(bytes, start, end)) {
      this.#otherLine(bytes, start, end, number);
      return;
    }
    const cursor = this.#cursor;
    const nameEnd = this.#nameEnd(cursor);
    const role = nameEnd < 0 ? undefined : this.#roles.find(bytes, cursor.at, nameEnd);
    if (role === undefined) {
      this.#skip(bytes, cursor.at, nameEnd);
      return;
    }
    cursor.at = nameEnd + 1;
    while (bytes[cursor.at] === SPACE && cursor.at < end) cursor.at++;
    if (this.#baseSeconds < 0) this.#baseSeconds = this.#seconds;
    const time = (this.#seconds - this.#baseSeconds) * 1e9 + this.#nanos;
    if (role === ROLE.border) {
      this.#events.border(this.#cpu);
      this.losses.skipped++;
    } else if (!whole) {
      this.losses.add(number, 'line', 'last line is cut');
    } else if (role === ROLE.qiSubmit ? !this.#qiSubmit(time) : !this.#unmap(time)) {
      this.losses.add(number, 'line', 'damaged line');
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
        `line ${this.#lines.lines}: its times are plain counts, not seconds: the trace clock was 'counter' or a cycle counter`,
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
  #qiSubmit(time: number): boolean {
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
    const { lower, upper } = { lower: this.#lower, upper: this.#upper };
    this.#word();
    lower.q0lo = cursor.low;
    lower.q0hi = cursor.high;
    this.#word();
    lower.q1lo = cursor.low;
    lower.q1hi = cursor.high;
    this.#word();
    upper.q0lo = cursor.low;
    upper.q0hi = cursor.high;
    this.#word();
    upper.q1lo = cursor.low;
    upper.q1hi = cursor.high;
    if (!cursor.ok || !cursor.atEnd() || iommuEnd <= iommu) return false;
    // A printed name of another type than the word's means that the line is damaged.
    const printed = QI_NAMES.find(bytes, name, nameEnd);
    if (printed !== undefined && printed !== (lower.q0lo & 0xf)) return false;
    const stream = this.#events.iommu(bytes, iommu, iommuEnd);
    if (stream < 0) return false;
    this.#events.qiSubmit(time, this.#cpu, stream, lower, upper);
    return true;
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

  /** `IOMMU: iova=0x… - 0x… size=N unmapped_size=M`, end exclusive; what was unmapped counts. */
  #unmap(time: number): boolean {
    const cursor = this.#cursor;
    cursor.expect(IOVA);
    if (!cursor.ok) {
      this.losses.skipped++; // another subsystem's event of this name
      return true;
    }
    this.#hex();
    const page = pageOf(cursor.low, cursor.high);
    cursor.expect(TO);
    this.#hex();
    cursor.expect(SIZE);
    const size = cursor.decimal();
    cursor.expect(UNMAPPED);
    const unmapped = cursor.decimal();
    if (!cursor.ok || !cursor.atEnd()) return false;
    const bytes = unmapped === 0 ? size : unmapped;
    this.#events.unmap(time, this.#cpu, page, Math.max(1, Math.ceil(bytes / 4096)));
    return true;
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
  #otherLine(bytes: Uint8Array, start: number, end: number, number: number): void {
    const text = Buffer.from(bytes.subarray(start, Math.min(end, start + 200))).toString('latin1');
    const lost = /^\s*CPU:(\d+) \[LOST (?:(\d+) )?EVENTS\]/.exec(text);
    if (lost === null) {
      this.losses.skipped++;
      return;
    }
    const reason =
      lost[2] === undefined
        ? `events of CPU ${lost[1]}, number not told`
        : `events of CPU ${lost[1]}`;
    this.losses.add(number, 'line', reason, Number(lost[2] ?? 1));
    this.#events.end();
  }

  #skip(bytes: Uint8Array, start: number, nameEnd: number): void {
    this.losses.skipped++;
    if (!Number.isNaN(this.#events.firstRow) || this.#others.size >= NAMES_KEPT) return;
    const end = nameEnd < 0 ? start + 24 : nameEnd;
    const name = Buffer.from(bytes.subarray(start, end))
      .toString('latin1')
      .replace(/[^\w:].*$/s, '');
    this.#others.set(name, (this.#others.get(name) ?? 0) + 1);
  }
}
