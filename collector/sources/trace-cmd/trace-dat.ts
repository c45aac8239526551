// trace.dat as trace-cmd writes it: the ring buffer's pages with everything needed to read them.

import { ToolError, type RandomInput } from '../../base/index.ts';
import { LossLog, type EventBuilder } from '../../model/index.ts';
import { GuestEvents } from '../ftrace/guest-events.ts';
import { countLost } from '../ftrace/lost.ts';
import { baseNs, mergeCpus, openCursors } from '../ftrace/merge.ts';
import { RawEvents } from '../ftrace/raw-events.ts';
import { PageCursor, type PageSource, type TimeBase } from '../ftrace/ring-page.ts';
import type { FileForm, SourceFacts, SourceReader } from '../source.ts';
import { PlainCpuPages, ZstdCpuPages } from './cpu-pages.ts';
import { TRACE_DAT_MAGIC, readTraceDat, type CpuData, type TraceDat } from './header.ts';

/** A page a CPU is held; beyond this, no more than the file itself could hold. */
const PAGES_ALWAYS_TAKEN_BYTES = 32 * 1024 * 1024;

export const traceDatFile: FileForm = {
  kind: 'file',
  name: 'trace.dat',
  recognises: (head) => TRACE_DAT_MAGIC.equals(head.subarray(0, TRACE_DAT_MAGIC.length)),
  open: (out, input) => new TraceDatReader(out, input),
};

class TraceDatReader implements SourceReader {
  readonly losses = new LossLog();
  readonly #input: RandomInput;
  readonly #file: TraceDat;
  readonly #events: GuestEvents;
  readonly #raw: RawEvents;
  readonly #cursors: readonly PageCursor[];
  /** Events that the pages of a CPU said were lost. */
  readonly #told = new Map<number, number>();
  #base: TimeBase = { high: 0, low: 0 };
  /** ns per unit of the pages' clock. */
  readonly #scale: number;

  constructor(out: EventBuilder, input: RandomInput) {
    this.#input = input;
    this.#file = readTraceDat(input);
    const { formats, little, cpus, layout, tsc } = this.#file;
    this.#scale = tsc === undefined ? 1 : tsc.mult / 2 ** tsc.shift;
    this.#events = new GuestEvents(out, this.losses);
    this.#raw = new RawEvents(this.#events, formats, { name: input.name, little });
    const filled = cpus.filter((data) => data.size > 0);
    if (filled.length * layout.pageBytes > Math.max(input.size, PAGES_ALWAYS_TAKEN_BYTES)) {
      throw input.corrupt(0, `pages of ${layout.pageBytes} bytes for ${filled.length} CPUs`);
    }
    this.#cursors = filled.map((data) => this.#cursor(this.#pages(data)));
  }

  *read(): Generator<number, void, void> {
    const { base, live } = openCursors(this.#cursors);
    this.#base = base;
    const scale = this.#scale;
    yield* mergeCpus(live, { raw: this.#raw, events: this.#events, losses: this.losses, scale });
    for (const [cpu, lost] of this.#file.lost) {
      const untold = lost - (this.#told.get(cpu) ?? 0);
      if (untold > 0) this.losses.add(cpu, 'cpu', "overrun by the kernel's own count", untold);
    }
  }

  facts(): SourceFacts {
    const { version, compression, clock, uname, tsc, otherInstances } = this.#file;
    const first = Number.isNaN(this.#events.firstRow) ? 0 : this.#events.firstRow;
    const base = baseNs(this.#base);
    const start =
      tsc === undefined ? base : ((base * BigInt(tsc.mult)) >> BigInt(tsc.shift)) + tsc.offset;
    const others = otherInstances === 0 ? '' : `, ${otherInstances} further instances not read`;
    return {
      ...this.#events.facts(),
      clock: {
        name: clock,
        start_ns: String(start + BigInt(Math.round(first))),
        resolution_ns: 1,
        pairs: [],
      },
      version: String(version),
      detail: `trace.dat version ${version}, compression ${compression}, ${this.#cursors.length} CPUs${others}`,
      ...(uname === undefined ? {} : { kernel: uname }),
    };
  }

  #pages(data: CpuData): PageSource {
    const { little, compression } = this.#file;
    return data.isCompressed
      ? new ZstdCpuPages(this.#input, data, { little, compression })
      : new PlainCpuPages(this.#input, data);
  }

  #cursor(pages: PageSource): PageCursor {
    const { layout, little } = this.#file;
    return new PageCursor({
      pages,
      layout,
      little,
      onLost: ({ cpu, count, after, before }) => {
        this.#told.set(cpu, (this.#told.get(cpu) ?? 0) + Math.max(1, count));
        const times = { after: after * this.#scale, before: before * this.#scale };
        countLost(this.losses, this.#events, { cpu, count, ...times });
      },
      fail: (cpu, page, what) =>
        new ToolError(
          'E_CORRUPT',
          `${this.#input.name}: CPU ${cpu}, page ${page} is damaged: ${what}`,
        ),
    });
  }
}
