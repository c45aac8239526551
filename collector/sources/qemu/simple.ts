// QEMU's `simple` trace backend, binary version 4 (spec 6.8): records with times in ns. Each of our events is
// written out as the log backend's line, so that the families have one form to read.

import { TextCursor, ToolError, ascii } from '../../base/index.ts';
import { LossLog, type EventBuilder } from '../../model/index.ts';
import type { SourceFacts, SourceParser, StreamForm } from '../source.ts';
import { LineCount } from '../text/line-count.ts';
import { QemuDispatch, barrierFacts, type EventEntry } from './dispatch.ts';
import { isSimpleEvent, simpleText } from './simple-events.ts';

const HEADER = Buffer.from('ffffffffffffffffb429a40acb77b1f2', 'hex');
const HEADER_BYTES = 24;
const VERSION = 4;
const RECORD_HEAD_BYTES = 24;
const NAME_LIMIT_BYTES = 512;
/** QEMU's buffer is 256 KiB: no record is longer. */
const RECORD_LIMIT_BYTES = 256 * 1024;
const LINE_BYTES = 4096;
const WORD = 0x1_0000_0000;
const PERCENT = 37;
const LETTER_S = 115;
const LETTER_D = 100;

export const qemuSimple: StreamForm = {
  kind: 'stream',
  name: 'simple',
  recognises: (head) => HEADER.equals(head.subarray(0, HEADER.length)),
  open: (out) => new QemuSimpleParser(out),
};

interface KnownEvent {
  readonly entry: EventEntry;
  /** Its text with the conversions, as bytes, by the bytes of arguments that a record has. */
  readonly templates: Map<number, Uint8Array | undefined>;
}

class QemuSimpleParser implements SourceParser {
  readonly losses = new LossLog();
  readonly records = new LineCount(this.losses);
  readonly #cursor = new TextCursor();
  readonly #dispatch: QemuDispatch;
  readonly #events = new Map<number, KnownEvent>();
  readonly #line = new Uint8Array(LINE_BYTES);
  #carry: Uint8Array = new Uint8Array(0);
  /** Bytes of the input before `#carry`. */
  #before = 0;
  #hasHeader = false;
  #baseHigh = -1;
  #baseLow = 0;

  constructor(out: EventBuilder) {
    const { losses, records } = this;
    this.#dispatch = new QemuDispatch({
      out,
      losses,
      lines: records,
      cursor: this.#cursor,
      unit: 'byte',
    });
  }

  push(chunk: Uint8Array): void {
    const bytes = new Uint8Array(this.#carry.length + chunk.length);
    bytes.set(this.#carry);
    bytes.set(chunk, this.#carry.length);
    const view = new DataView(bytes.buffer);
    let at = 0;
    for (;;) {
      const used = this.#hasHeader ? this.#record(bytes, view, at) : this.#header(bytes, view);
      if (used === 0) break;
      at += used;
    }
    this.#carry = bytes.slice(at);
    this.#before += at;
  }

  end(): void {
    if (this.#carry.length > 0) {
      this.#dispatch.spoil(undefined);
      this.losses.add(this.#before, 'byte', 'last record is cut');
    }
    this.#dispatch.end();
  }

  facts(): SourceFacts {
    const rule = this.#dispatch.barrierRule();
    const unknown = this.#dispatch.unknownWaits();
    const base = BigInt(Math.max(0, this.#baseHigh)) * BigInt(WORD) + BigInt(this.#baseLow);
    const first = this.#dispatch.firstRow;
    return {
      clock: {
        name: 'mono',
        start_ns: String(base + BigInt(Number.isNaN(first) ? 0 : first)),
        resolution_ns: 1,
        pairs: [],
      },
      ...barrierFacts(rule, unknown),
      ...this.#dispatch.facts(),
      detail: `simple backend, version ${VERSION}`,
    };
  }

  #header(bytes: Uint8Array, view: DataView): number {
    if (bytes.length < HEADER_BYTES) return 0;
    const version = view.getUint32(16, true);
    if (!HEADER.equals(bytes.subarray(0, HEADER.length)) || version !== VERSION) {
      throw new ToolError(
        'E_FORMAT',
        `not a trace of QEMU's simple backend in version ${VERSION} (version ${version})`,
      );
    }
    this.#hasHeader = true;
    return HEADER_BYTES;
  }

  /** Bytes of the record at `at`, 0 where it is not whole yet. */
  #record(bytes: Uint8Array, view: DataView, at: number): number {
    const left = bytes.length - at;
    if (left < 8) return 0;
    const kind = view.getUint32(at, true);
    if (view.getUint32(at + 4, true) !== 0 || kind > 1)
      throw this.#damage(at, `a record of kind ${kind}`);
    return kind === 0 ? this.#mapping(bytes, view, at) : this.#event(bytes, view, at);
  }

  /** u64 event id, u32 name length, name. */
  #mapping(bytes: Uint8Array, view: DataView, at: number): number {
    if (bytes.length - at < 20) return 0;
    const length = view.getUint32(at + 16, true);
    if (length > NAME_LIMIT_BYTES) throw this.#damage(at, `an event name of ${length} bytes`);
    if (bytes.length - at < 20 + length) return 0;
    const name = bytes.slice(at + 20, at + 20 + length);
    this.#cursor.open(name, 0, length);
    const entry = this.#dispatch.find(this.#cursor);
    if (entry !== undefined && isSimpleEvent(entry.name)) {
      this.#events.set(view.getUint32(at + 8, true), { entry, templates: new Map() });
    }
    return 20 + length;
  }

  /** u64 event id, u64 ns, u32 length of these and the arguments, u32 pid, arguments. */
  #event(bytes: Uint8Array, view: DataView, at: number): number {
    if (bytes.length - at < 8 + RECORD_HEAD_BYTES) return 0;
    const length = view.getUint32(at + 24, true);
    if (length < RECORD_HEAD_BYTES || length > RECORD_LIMIT_BYTES) {
      throw this.#damage(at, `a record of ${length} bytes`);
    }
    if (bytes.length - at < 8 + length) return 0;
    const low = view.getUint32(at + 8, true);
    const high = view.getUint32(at + 12, true);
    const place = this.#before + at;
    const body = at + 8 + RECORD_HEAD_BYTES;
    const end = at + 8 + length;
    if (low === 0xfffffffe && high === 0xffffffff) {
      const dropped =
        body + 8 <= end ? view.getUint32(body, true) + view.getUint32(body + 4, true) * WORD : 1;
      this.losses.add(
        place,
        'byte',
        'dropped by QEMU before this record',
        Math.max(1, Math.min(dropped, Number.MAX_SAFE_INTEGER)),
      );
      return 8 + length;
    }
    const known = high === 0 ? this.#events.get(low) : undefined;
    if (known === undefined) {
      this.losses.skipped++;
      return 8 + length;
    }
    this.#time(view.getUint32(at + 16, true), view.getUint32(at + 20, true));
    this.#dispatch.place = place;
    const args = bytes.subarray(body, end);
    const template = textOf(known, args.length);
    const lineEnd = template === undefined ? -1 : this.#render(template, args);
    if (lineEnd < 0) {
      this.losses.add(place, 'byte', 'arguments do not fit the event');
      return 8 + length;
    }
    this.#cursor.open(this.#line, 0, lineEnd);
    if (this.#dispatch.handle(known.entry) === 'damaged')
      this.losses.add(place, 'byte', 'damaged record');
    return 8 + length;
  }

  #time(low: number, high: number): void {
    if (this.#baseHigh < 0) {
      this.#baseHigh = high;
      this.#baseLow = low;
    }
    this.#dispatch.now = (high - this.#baseHigh) * WORD + (low - this.#baseLow);
  }

  /** Writes the event's text into the line; its length, or -1 where the arguments do not fit. */
  #render(template: Uint8Array, args: Uint8Array): number {
    const view = new DataView(args.buffer, args.byteOffset, args.byteLength);
    const line = this.#line;
    let at = 0;
    let arg = 0;
    for (let i = 0; i < template.length; i++) {
      if (template[i] !== PERCENT) {
        line[at++] = template[i];
        continue;
      }
      const conversion = template[++i];
      if (conversion === LETTER_S) {
        if (arg + 4 > args.length) return -1;
        const length = view.getUint32(arg, true);
        if (length > NAME_LIMIT_BYTES || arg + 4 + length > args.length) return -1;
        line.set(args.subarray(arg + 4, arg + 4 + length), at);
        at += length;
        arg += 4 + length;
      } else {
        if (arg + 8 > args.length) return -1;
        const text = conversion === LETTER_D ? String(view.getInt32(arg, true)) : hex(view, arg);
        for (let c = 0; c < text.length; c++) line[at++] = text.charCodeAt(c);
        arg += 8;
      }
    }
    return at;
  }

  #damage(at: number, what: string): ToolError {
    return new ToolError('E_CORRUPT', `${what} at byte ${this.#before + at} is impossible`);
  }
}

function textOf({ entry, templates }: KnownEvent, argBytes: number): Uint8Array | undefined {
  if (!templates.has(argBytes)) {
    const text = simpleText(entry.name, argBytes);
    templates.set(argBytes, text === undefined ? undefined : ascii(text.trimEnd()));
  }
  return templates.get(argBytes);
}

function hex(view: DataView, at: number): string {
  const low = view.getUint32(at, true);
  const high = view.getUint32(at + 4, true);
  return high === 0 ? low.toString(16) : high.toString(16) + low.toString(16).padStart(8, '0');
}
