// The text that our bpftrace program prints, live or from a file; every number is hex. A line is one of: B
// begin, C a call that returned, W further words of one, U an unmap that returned, Z the end, and after
// it the kernel's own counts.

import { LineSplitter, TextCursor } from '../../base/index.ts';
import { LossLog, type EventBuilder } from '../../model/index.ts';
import type { ImportSource, SourceFacts, SourceParser, StreamForm } from '../source.ts';
import { VmmCalls } from './calls.ts';
import { kprobeText } from './kprobe-text.ts';
import { VmmReckoning } from './reckoning.ts';
import { UNMAP_BYTES, VmmRows, type Call } from './rows.ts';
import { FIRST_BYTES, LINE_BYTES, READ_BYTES, WORD_BYTES } from './shape.ts';

const COUNT = /^@(enters|exits|entries): (\d+)$/;
const SPACE = 32;
const AT = 64;
const HIGH_WORD = 2 ** 32;

export const vmmText: StreamForm = {
  kind: 'stream',
  name: 'tap text',
  recognises: (head) =>
    Buffer.from(head.subarray(0, 64)).toString('latin1').startsWith('B iotlb-vmm-2 '),
  open: (out) => new VmmTextParser(out),
};

export const vmm: ImportSource = {
  name: 'vmm',
  summary: "a VMM's own ioctls with their entries: the tap's text, or kprobes on iommufd",
  needs: 'the VMM must have called IOMMU_HWPT_INVALIDATE or unmapped something',
  forms: [vmmText, kprobeText],
};

class VmmTextParser implements SourceParser {
  readonly losses = new LossLog();
  readonly #rows: VmmRows;
  readonly #calls: VmmCalls;
  readonly #reckoning: VmmReckoning;
  readonly #lines: LineSplitter;
  readonly #cursor = new TextCursor();
  /** When the tap began, boot clock, in halves. */
  #startLow = 0;
  #startHigh = 0;

  constructor(out: EventBuilder) {
    this.#rows = new VmmRows(out, this.losses);
    this.#calls = new VmmCalls(this.#rows);
    this.#reckoning = new VmmReckoning(this.#rows, this.losses, READ_BYTES);
    this.#lines = new LineSplitter({
      line: (bytes, start, end, _number, whole) => this.#line(bytes, start, end, whole),
    });
  }

  push(bytes: Uint8Array): void {
    this.#lines.push(bytes);
  }

  end(): void {
    this.#lines.end();
    this.#calls.end();
    this.#reckoning.close(this.#lines.lines);
  }

  facts(): SourceFacts {
    const start = BigInt(this.#startHigh) * BigInt(HIGH_WORD) + BigInt(this.#startLow);
    const first = Number.isNaN(this.#rows.firstRow) ? 0 : this.#rows.firstRow;
    return {
      ...this.#rows.facts(),
      clock: {
        name: 'boot',
        start_ns: String(start + BigInt(first)),
        resolution_ns: 1,
        pairs: [],
      },
      detail: `tap, ${this.#lines.lines} lines`,
    };
  }

  #line(bytes: Uint8Array, start: number, end: number, whole: boolean): void {
    if (end === start) return;
    const cursor = this.#cursor;
    cursor.open(bytes, start + 1, end);
    // Not counted as loss: what a damaged line held is missing from the kernel's count.
    if (!whole || !this.#take(bytes[start])) this.losses.skipped++;
  }

  #take(kind: number): boolean {
    switch (String.fromCharCode(kind)) {
      case 'C':
        return this.#call();
      case 'W':
        return this.#words();
      case 'U':
        return this.#unmap();
      case 'B':
        return this.#begin();
      case 'Z':
        return true;
      default:
        return kind === AT && this.#count();
    }
  }

  #begin(): boolean {
    const cursor = this.#cursor;
    cursor.at = cursor.bytes.indexOf(SPACE, cursor.at + 1);
    this.#word();
    if (!cursor.ok) return false;
    this.#startLow = cursor.low;
    this.#startHigh = cursor.high;
    return true;
  }

  #count(): boolean {
    const { bytes, at, end } = this.#cursor;
    const [, name, value] =
      COUNT.exec(Buffer.from(bytes.subarray(at - 1, end)).toString('latin1')) ?? [];
    if (value === undefined) return false;
    this.#reckoning.counted(name, Number(value));
    return true;
  }

  /** `C enter exit tid call object type length entries result done words…` */
  #call(): boolean {
    const enterNs = this.#time();
    const exitNs = this.#time();
    const tid = this.#low();
    const number = this.#low();
    const object = this.#low();
    const dataType = this.#low();
    const entryBytes = this.#low();
    const entries = this.#low();
    const result = this.#halves();
    const exit = { ns: exitNs, ...result, done: this.#low() };
    const first = new Uint8Array(FIRST_BYTES);
    if (!this.#payload(first)) return false;
    const call: Call = {
      kind: 'invalidate',
      tid,
      enterNs,
      object,
      dataType,
      entryBytes,
      entries,
      exit,
    };
    this.#reckoning.tell(call, this.#lines.lines);
    this.#calls.call(number, call, first);
    return true;
  }

  /** `W tid call first words…`, `first` in words */
  #words(): boolean {
    const tid = this.#low();
    const number = this.#low();
    const first = this.#low();
    const bytes = new Uint8Array(LINE_BYTES);
    if (!this.#payload(bytes)) return false;
    this.#calls.piece(tid, number, first * WORD_BYTES, bytes);
    return true;
  }

  /** `U enter exit tid call object iova length result` */
  #unmap(): boolean {
    const enterNs = this.#time();
    const exitNs = this.#time();
    const tid = this.#low();
    const number = this.#low();
    const object = this.#low();
    const range = new Uint8Array(UNMAP_BYTES);
    this.#put(range, 0);
    this.#put(range, WORD_BYTES);
    const exit = { ns: exitNs, ...this.#halves(), done: 0 };
    const cursor = this.#cursor;
    if (!cursor.ok || !cursor.atEnd()) return false;
    this.#calls.call(
      number,
      {
        kind: 'unmap',
        tid,
        enterNs,
        // Object ids start at 1; 0 stands for VFIO type1, which has none.
        object: object === 0 ? undefined : object,
        dataType: 0,
        entryBytes: UNMAP_BYTES,
        entries: 1,
        exit,
      },
      range,
    );
    return true;
  }

  /** The rest of the line as words; false where it is not exactly so long. */
  #payload(into: Uint8Array): boolean {
    for (let at = 0; at < into.length; at += WORD_BYTES) this.#put(into, at);
    return this.#cursor.ok && this.#cursor.atEnd();
  }

  #put(into: Uint8Array, at: number): void {
    this.#word();
    const { low, high } = this.#cursor;
    for (let i = 0; i < 4; i++) {
      into[at + i] = low >>> (8 * i);
      into[at + 4 + i] = high >>> (8 * i);
    }
  }

  #time(): number {
    this.#word();
    const { low, high } = this.#cursor;
    return (high - this.#startHigh) * HIGH_WORD + (low - this.#startLow);
  }

  #halves(): { readonly low: number; readonly high: number } {
    this.#word();
    return { low: this.#cursor.low, high: this.#cursor.high };
  }

  #low(): number {
    this.#word();
    if (this.#cursor.high !== 0) this.#cursor.ok = false;
    return this.#cursor.low;
  }

  /** A hex word after a space. */
  #word(): void {
    const cursor = this.#cursor;
    if (cursor.bytes[cursor.at] !== SPACE) cursor.ok = false;
    cursor.at++;
    cursor.hex64();
  }
}
