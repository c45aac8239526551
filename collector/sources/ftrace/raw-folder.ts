// A folder of raw ring-buffer pages: `raw.cpuN` files as read from `per_cpu/cpuN/trace_pipe_raw`, and beside
// them (or in `formats/`) the kernel's `header_page` and format files. Reads one page a CPU at a time.

import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { RandomInput, ToolError } from '../../base/index.ts';
import { LossLog, type EventBuilder } from '../../model/index.ts';
import type { FolderForm, SourceFacts, SourceReader } from '../source.ts';
import {
  parseEventFormat,
  parsePageLayout,
  type EventFormat,
  type PageLayout,
} from './format-file.ts';
import { GuestEvents } from './guest-events.ts';
import { countLost } from './lost.ts';
import { baseNs, mergeCpus, openCursors } from './merge.ts';
import { RawEvents } from './raw-events.ts';
import { PageCursor, type PageSource, type TimeBase } from './ring-page.ts';

const RAW_FILE = /(?:^|\.)raw\.cpu(\d+)$/;
const FORMAT_LIMIT_BYTES = 256 * 1024;

export const ftraceRawFolder: FolderForm = {
  kind: 'folder',
  name: 'raw pages',
  recognises: (entries) => entries.some((entry) => RAW_FILE.test(entry)),
  open: (out, path) => new RawFolder(out, path),
};

class RawFolder implements SourceReader {
  readonly losses = new LossLog();
  readonly #path: string;
  readonly #events: GuestEvents;
  readonly #raw: RawEvents;
  readonly #files: RandomInput[] = [];
  readonly #cursors: readonly PageCursor[];
  #base: TimeBase = { high: 0, low: 0 };

  constructor(out: EventBuilder, path: string) {
    this.#path = path;
    this.#events = new GuestEvents(out, this.losses);
    const layout = readLayout(path);
    const names = readdirSync(path).filter((entry) => RAW_FILE.test(entry));
    this.#files = names.map((entry) => new RandomInput(join(path, entry)));
    const little = this.#files.every((file) => isLittleEndian(file, layout));
    this.#raw = new RawEvents(this.#events, readFormats(path), { name: path, little });
    this.#cursors = this.#files.map((file, i) => {
      const cpu = Number(RAW_FILE.exec(names[i])?.[1] ?? 0);
      return this.#cursor(new FilePages(file, cpu, layout.pageBytes), layout, little);
    });
  }

  *read(): Generator<number, void, void> {
    const { base, live } = openCursors(this.#cursors);
    this.#base = base;
    yield* mergeCpus(live, { raw: this.#raw, events: this.#events, losses: this.losses, scale: 1 });
  }

  facts(): SourceFacts {
    const first = Number.isNaN(this.#events.firstRow) ? 0 : this.#events.firstRow;
    return {
      ...this.#events.facts(),
      clock: {
        name: readClock(this.#path),
        start_ns: String(baseNs(this.#base) + BigInt(first)),
        resolution_ns: 1,
        pairs: [],
      },
      detail: `raw pages of ${this.#files.length} CPUs, formats of ${this.#raw.names.join(', ')}`,
    };
  }

  close(): void {
    for (const file of this.#files) file.close();
  }

  #cursor(pages: PageSource, layout: PageLayout, little: boolean): PageCursor {
    return new PageCursor({
      pages,
      layout,
      little,
      onLost: (lost) => countLost(this.losses, this.#events, lost),
      fail: (cpu, page, what) =>
        new ToolError('E_CORRUPT', `${this.#path}: CPU ${cpu}, page ${page} is damaged: ${what}`),
    });
  }
}

/** Pages one behind the other in a file. */
class FilePages implements PageSource {
  readonly cpu: number;
  done = 0;
  readonly #file: RandomInput;
  readonly #pageBytes: number;

  constructor(file: RandomInput, cpu: number, pageBytes: number) {
    this.#file = file;
    this.cpu = cpu;
    this.#pageBytes = pageBytes;
  }

  next(page: Uint8Array): boolean {
    if (this.done >= this.#file.size) return false;
    this.#file.readInto(page, this.done, `page ${this.done / this.#pageBytes}`);
    this.done += this.#pageBytes;
    return true;
  }
}

/** A length that is zero, or no length at all, in one byte order is one in the other. */
function isLittleEndian(file: RandomInput, layout: PageLayout): boolean {
  if (file.size < layout.dataOffset) return true;
  const bytes = file.read(layout.commitOffset, layout.commitBytes, 'its first page');
  const view = new DataView(bytes.buffer);
  const asLittle = view.getUint32(0, true) & 0x3fffffff;
  const asBig = view.getUint32(layout.commitBytes - 4, false) & 0x3fffffff;
  if (asLittle === 0) return asBig === 0 || asBig > layout.pageBytes;
  return asLittle <= layout.pageBytes;
}

function folders(path: string): readonly string[] {
  return [path, join(path, 'formats')].filter((folder) => existsSync(folder));
}

function readLayout(path: string): PageLayout {
  for (const folder of folders(path)) {
    const file = join(folder, 'header_page');
    if (existsSync(file)) return parsePageLayout(smallText(file), file);
  }
  throw new ToolError(
    'E_FORMAT',
    `${path}: holds raw pages but no header_page; nothing was written`,
    {
      hint: 'copy /sys/kernel/tracing/events/header_page and the format file of each event beside them',
    },
  );
}

function readFormats(path: string): readonly EventFormat[] {
  return folders(path).flatMap((folder) =>
    readdirSync(folder)
      .filter((entry) => entry.endsWith('.format') || folder !== path)
      .flatMap((entry) => parseEventFormat(smallText(join(folder, entry))) ?? []),
  );
}

/** `trace_clock`, where it was copied too: the current one stands in brackets. */
function readClock(path: string): string {
  for (const folder of folders(path)) {
    const file = join(folder, 'trace_clock');
    if (existsSync(file)) return /\[(\S+)\]/.exec(smallText(file))?.[1] ?? 'unknown';
  }
  return 'unknown';
}

function smallText(file: string): string {
  const stat = statSync(file);
  return stat.isFile() && stat.size <= FORMAT_LIMIT_BYTES ? readFileSync(file, 'latin1') : '';
}
