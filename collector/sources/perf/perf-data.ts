// perf.data, as a file or as piped: records in, samples out in time order, loss counted. Samples are sorted
// within perf's rounds, as perf itself does, so that memory holds two rounds and not the file.

import { FileReader, ToolError, type RandomInput } from '../../base/index.ts';
import { LossLog, type EventBuilder } from '../../model/index.ts';
import type { EventFormat } from '../ftrace/format-file.ts';
import { GuestEvents, ROLE, type Role } from '../ftrace/guest-events.ts';
import { RawEvents } from '../ftrace/raw-events.ts';
import type { FileForm, SourceFacts, SourceReader } from '../source.ts';
import {
  TYPE_TRACEPOINT,
  rawOffset,
  readAttr,
  sampleLayout,
  type PerfAttr,
  type SampleLayout,
} from './attr.ts';
import {
  FEATURE,
  readKernel,
  PERF_MAGIC,
  PERF_MAGIC_BIG,
  readPerfHeader,
  readTracingData,
  type PerfHeader,
} from './header.ts';
import { RecordReader } from './records.ts';
import { TimeQueue } from './time-queue.ts';

const RECORD = {
  lost: 2,
  sample: 9,
  aux: 11,
  lostSamples: 13,
  headerAttr: 64,
  tracingData: 66,
  finishedRound: 68,
  auxtrace: 71,
  headerFeature: 80,
  compressed: 81,
  compressed2: 83,
} as const;

const WORD = 0x1_0000_0000;
const STEP_RECORDS = 32_768;

export const perfDataFile: FileForm = {
  kind: 'file',
  name: 'perf.data',
  recognises: (head) => {
    const magic = head.subarray(0, 8);
    return PERF_MAGIC.equals(magic) || PERF_MAGIC_BIG.equals(magic);
  },
  open: (out, input) => new PerfDataReader(out, input),
};

class PerfDataReader implements SourceReader {
  readonly losses = new LossLog();
  readonly #input: RandomInput;
  readonly #header: PerfHeader;
  readonly #little: boolean;
  readonly #events: GuestEvents;
  readonly #records: RecordReader;
  readonly #queue = new TimeQueue();
  readonly #attrs: PerfAttr[] = [];
  readonly #layoutOfId = new Map<number, SampleLayout>();
  readonly #waiting = { time: 0, cpu: 0, tag: 0 };
  readonly #take = (): void => this.#sampleInOrder();
  #first: SampleLayout | undefined;
  #lastId = -1;
  #lastLayout: SampleLayout | undefined;
  #kernel: string | undefined;
  #raw: RawEvents | undefined;
  #baseHigh = -1;
  #baseLow = 0;
  #latest = Number.NEGATIVE_INFINITY;
  #latestOfRoundBefore = Number.NEGATIVE_INFINITY;

  constructor(out: EventBuilder, input: RandomInput) {
    this.#input = input;
    this.#header = readPerfHeader(input);
    this.#little = this.#header.little;
    this.#events = new GuestEvents(out, this.losses);
    for (const { attr, ids } of this.#header.attrs) this.#addAttr(attr, ids);
    if (!this.#header.isPiped) this.#setFormats(this.#header.formats);
    const { dataAt, dataEnd } = this.#header;
    this.#records = new RecordReader(input, { at: dataAt, end: dataEnd, little: this.#little });
  }

  *read(): Generator<number, void, void> {
    const records = this.#records;
    let left = STEP_RECORDS;
    while (records.next()) {
      this.#record();
      if (--left > 0) continue;
      left = STEP_RECORDS;
      yield records.at;
    }
    this.#queue.drain(Number.POSITIVE_INFINITY, this.#take);
    this.#events.end();
    yield records.at;
  }

  facts(): SourceFacts {
    const first = Number.isNaN(this.#events.firstRow) ? 0 : this.#events.firstRow;
    const base = BigInt(Math.max(0, this.#baseHigh)) * BigInt(WORD) + BigInt(this.#baseLow);
    const tracepoint = this.#attrs.find((attr) => attr.type === TYPE_TRACEPOINT);
    const { isPiped } = this.#header;
    const kernel = this.#header.kernel ?? this.#kernel;
    return {
      ...this.#events.facts(),
      clock: {
        name: tracepoint?.clock ?? 'unknown',
        start_ns: String(base + BigInt(first)),
        resolution_ns: 1,
        pairs: [],
      },
      detail: `perf.data${isPiped ? ', piped' : ''}, formats of ${this.#raw?.names.join(', ') ?? 'nothing'}`,
      ...(kernel === undefined ? {} : { kernel }),
    };
  }

  #record(): void {
    const records = this.#records;
    switch (records.type) {
      case RECORD.sample:
        this.#sample();
        return;
      case RECORD.finishedRound:
        // What came up to the end of the round before can't be preceded by anything still to come.
        this.#queue.drain(this.#latestOfRoundBefore, this.#take);
        this.#latestOfRoundBefore = this.#latest;
        return;
      case RECORD.lost:
        this.#lost(8, 'lost by perf before this record');
        return;
      case RECORD.lostSamples:
        this.#lost(0, 'samples lost by perf before this record');
        return;
      case RECORD.headerAttr:
        this.#pipedAttr();
        return;
      case RECORD.tracingData:
        this.#setFormats(readTracingData(this.#input, records.at + records.size));
        records.skipAfter(records.view.getUint32(records.body, this.#little));
        return;
      case RECORD.headerFeature:
        // Piped form: u64 feature, then what the feature's section would hold.
        if (
          records.view.getUint32(records.body + (this.#little ? 0 : 4), this.#little) ===
          FEATURE.osRelease
        ) {
          this.#kernel = readKernel(this.#input, { at: records.at + 16 }, this.#little);
        }
        return;
      case RECORD.compressed:
      case RECORD.compressed2:
        throw this.#refuse('compressed records', "record without '-z'");
      case RECORD.aux:
      case RECORD.auxtrace:
        throw this.#refuse('AUX trace data', 'record the tracepoints alone');
      default:
    }
  }

  #refuse(what: string, instead: string): ToolError {
    return new ToolError(
      'E_NOT_SUPPORTED',
      `${this.#input.name}: holds ${what}, which are not read; nothing was written`,
      {
        hint: `${instead}, or import the text that 'perf script -i FILE --ns -F comm,pid,tid,cpu,time,event,trace' prints`,
      },
    );
  }

  #lost(at: number, reason: string): void {
    const { view, body, bodyEnd } = this.#records;
    if (body + at + 8 > bodyEnd) return;
    const first = view.getUint32(body + at, this.#little);
    const second = view.getUint32(body + at + 4, this.#little);
    const count = this.#little ? second * WORD + first : first * WORD + second;
    this.losses.add(this.#records.at, 'byte', reason, Math.min(count, Number.MAX_SAFE_INTEGER));
  }

  /** Piped form: the attr, then its ids. */
  #pipedAttr(): void {
    const { at, size } = this.#records;
    const reader = new FileReader(this.#input, at + 8, {
      little: this.#little,
      what: 'an event attribute',
    });
    reader.u32();
    const attrBytes = reader.u32();
    reader.at = at + 8;
    if (attrBytes < 64 || attrBytes > size - 8)
      throw this.#input.corrupt(at, `an event attribute of ${attrBytes} bytes`);
    const attr = readAttr(reader, attrBytes);
    const ids = Array.from({ length: Math.floor((size - 8 - attrBytes) / 8) }, () => reader.u64());
    this.#addAttr(attr, ids);
  }

  #addAttr(attr: PerfAttr, ids: readonly number[]): void {
    this.#attrs.push(attr);
    const layout = sampleLayout(attr);
    if (this.#first === undefined || (attr.type === TYPE_TRACEPOINT && !this.#first.hasRaw))
      this.#first = layout;
    for (const id of ids) this.#layoutOfId.set(id, layout);
    this.#lastId = -1;
  }

  #setFormats(formats: readonly EventFormat[]): void {
    this.#raw = new RawEvents(this.#events, formats, {
      name: this.#input.name,
      little: this.#little,
    });
  }

  /** How the sample at hand is laid out: by its id where ids lead, else all are laid out alike. */
  #layout(): SampleLayout | undefined {
    const first = this.#first;
    if (first === undefined || !first.hasIdentifier) return first;
    const { view, body, bodyEnd } = this.#records;
    if (body + 8 > bodyEnd) return undefined;
    const low = view.getUint32(this.#little ? body : body + 4, this.#little);
    if (low === this.#lastId) return this.#lastLayout;
    const high = view.getUint32(this.#little ? body + 4 : body, this.#little);
    const layout = this.#layoutOfId.get(high * WORD + low);
    if (high === 0) {
      this.#lastId = low;
      this.#lastLayout = layout;
    }
    return layout;
  }

  /** Finds time, CPU and raw data, and puts the event into the queue. */
  #sample(): void {
    const records = this.#records;
    const { view, body, bodyEnd } = records;
    const little = this.#little;
    const layout = this.#layout();
    if (layout === undefined || !layout.hasRaw) {
      this.losses.skipped++;
      return;
    }
    if (layout.timeAt < 0) throw this.#noTimes();
    const at = body + rawOffset(layout, view, body, bodyEnd, little);
    const length = at + 4 <= bodyEnd ? view.getUint32(at, little) : 0;
    const data = at + 4;
    if (length < 2 || data + length > bodyEnd) {
      this.losses.add(records.at, 'byte', 'damaged sample');
      return;
    }
    const role = this.#roleAt(view, data);
    if (role === ROLE.none) {
      this.losses.skipped++;
      return;
    }
    const event = this.#waiting;
    event.tag = role;
    event.cpu = layout.cpuAt < 0 ? -1 : view.getUint32(body + layout.cpuAt, little) & 0x7fff;
    event.time = this.#time(view, body + layout.timeAt);
    if (event.time > this.#latest) this.#latest = event.time;
    this.#queue.add(event, view, data, data + length);
  }

  #roleAt(view: DataView, data: number): Role {
    if (this.#raw === undefined) {
      throw new ToolError(
        'E_FORMAT',
        `${this.#input.name}: has samples but no event formats; nothing was written`,
        {
          hint: "perf stores them when it records tracepoints: 'perf record -a -e intel_iommu:qi_submit'",
        },
      );
    }
    return this.#raw.role(view, data);
  }

  #time(view: DataView, at: number): number {
    const little = this.#little;
    const low = view.getUint32(little ? at : at + 4, little);
    const high = view.getUint32(little ? at + 4 : at, little);
    if (this.#baseHigh < 0) {
      this.#baseHigh = high;
      this.#baseLow = low;
    }
    return (high - this.#baseHigh) * WORD + (low - this.#baseLow);
  }

  #sampleInOrder(): void {
    const queue = this.#queue;
    const { time, cpu } = queue;
    if (queue.tag === ROLE.border) {
      this.losses.skipped++;
      this.#events.border(cpu);
      return;
    }
    const role: Role = queue.tag === ROLE.qiSubmit ? ROLE.qiSubmit : ROLE.unmap;
    if (this.#raw?.take(role, queue, time, cpu) !== true) {
      this.losses.add(this.#records.at, 'byte', 'event shorter than its format');
    }
  }

  #noTimes(): ToolError {
    return new ToolError(
      'E_NO_TIMESTAMPS',
      `${this.#input.name}: its samples carry no time; nothing was imported`,
      {
        hint: "record with 'perf record -T' or '--clockid mono'",
      },
    );
  }
}
