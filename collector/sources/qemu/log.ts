// QEMU's log backend (`-trace … -D FILE -msg timestamp=on`): lines in, rows out through the families.
// Other events are skipped and counted; a damaged line of ours is loss, with its line number.

import { LineSplitter, TextCursor, ToolError, ascii } from '../../base/index.ts';
import { LossLog, type EventBuilder } from '../../model/index.ts';
import type { ImportSource, SourceFacts, SourceParser } from '../source.ts';
import { qemuFamilies } from './families.ts';
import type { LineVerdict, OpenFamily, QemuContext } from './family.ts';
import { StampReader } from './stamp.ts';

const SPACE = 32;
/** So many of our events without a time stamp, and none with one, end the import. */
const UNSTAMPED_LIMIT = 16;

interface EventEntry {
  readonly name: Uint8Array;
  readonly family: number;
  readonly event: number;
}

export const qemuLog: ImportSource = {
  name: 'qemu',
  summary: "QEMU's log backend: VT-d trace events of the emulated IOMMU, with raw words and waits",
  recognises: (head) => {
    const text = Buffer.from(head).toString('latin1');
    return (
      /^(?:\d+@\d+\.\d{6}:|\d{4}-\d\d-\d\dT[\d:.]{15}Z )/m.test(text) ||
      /^(?:vtd|smmu|smmuv3|virtio_iommu|amdvi)_\w+ /m.test(text)
    );
  },
  open: (out) => new QemuLogParser(out),
};

class QemuLogParser implements SourceParser {
  readonly losses = new LossLog();
  readonly #out: EventBuilder;
  readonly #cursor = new TextCursor();
  readonly #stamp = new StampReader();
  readonly #lines: LineSplitter;
  readonly #families: readonly OpenFamily[];
  readonly #events = new Map<number, EventEntry>();
  readonly #familiesSeen = new Set<number>();
  #startSeconds = -1;
  #startMicros = 0;
  #tNs = 0;
  #unstamped = 0;
  #stamped = false;

  constructor(out: EventBuilder) {
    this.#out = out;
    this.#lines = new LineSplitter({ line: (...line) => this.#line(...line) });
    const context: QemuContext = {
      out,
      losses: this.losses,
      cursor: this.#cursor,
      row: (stream) => this.#row(stream),
    };
    this.#families = qemuFamilies.map((family) => family.open(context));
    this.#families.forEach((family, index) => {
      family.events.forEach((name, event) => {
        const bytes = ascii(name);
        const hash = hashBytes(bytes, 0, bytes.length);
        if (this.#events.has(hash)) throw new Error(`QEMU event '${name}' is claimed twice`);
        this.#events.set(hash, { name: bytes, family: index, event });
      });
    });
  }

  push(bytes: Uint8Array): void {
    this.#lines.push(bytes);
  }

  end(): void {
    this.#lines.end();
    for (const family of this.#families) family.end?.();
    if (!this.#stamped && this.#unstamped > 0) throw this.#noStamps();
  }

  facts(): SourceFacts {
    const seen = [...this.#familiesSeen].sort((a, b) => a - b);
    const startNs = BigInt(Math.max(0, this.#startSeconds)) * 1_000_000_000n;
    return {
      clock: {
        name: 'realtime',
        start_ns: String(startNs + BigInt(this.#startMicros) * 1000n),
        resolution_ns: 1000,
        pairs: [],
      },
      barriers: 'seen',
      streams: seen.flatMap((index) => [...this.#families[index].streams]),
      iommu: seen.map((index) => qemuFamilies[index].iommu).join(', '),
      detail: `log backend, ${this.#lines.lines} lines`,
    };
  }

  #row(stream: number): number {
    if (this.#startSeconds < 0) {
      this.#startSeconds = this.#stamp.seconds;
      this.#startMicros = this.#stamp.micros;
      this.#tNs = 0;
    } else {
      const seconds = this.#stamp.seconds - this.#startSeconds;
      this.#tNs = seconds * 1e9 + (this.#stamp.micros - this.#startMicros) * 1000;
    }
    return this.#out.next(this.#tNs, stream);
  }

  #line(bytes: Uint8Array, start: number, end: number, number: number, whole: boolean): void {
    const cursor = this.#cursor;
    cursor.open(bytes, start, end);
    const stamped = this.#stamp.read(cursor);
    const entry = this.#event(cursor);
    if (entry === undefined) {
      this.losses.skipped++;
      return;
    }
    if (!stamped) {
      this.#unstamped++;
      if (!this.#stamped && this.#unstamped >= UNSTAMPED_LIMIT) throw this.#noStamps();
      this.losses.add(number, 'line', 'no time stamp');
      return;
    }
    this.#stamped = true;
    const verdict: LineVerdict = whole
      ? this.#families[entry.family].handle(entry.event)
      : 'damaged';
    if (verdict === 'kept') {
      this.losses.seen++;
      this.#familiesSeen.add(entry.family);
    } else if (verdict === 'damaged') {
      this.losses.add(number, 'line', whole ? 'damaged line' : 'last line is cut');
    }
  }

  /** The event whose name stands at the cursor, which then stands behind the space that follows. */
  #event(cursor: TextCursor): EventEntry | undefined {
    const { bytes, end } = cursor;
    const start = cursor.at;
    let at = start;
    while (at < end && bytes[at] !== SPACE) at++;
    const entry = this.#events.get(hashBytes(bytes, start, at));
    if (entry === undefined || entry.name.length !== at - start) return undefined;
    for (let i = 0; i < entry.name.length; i++) {
      if (bytes[start + i] !== entry.name[i]) return undefined;
    }
    cursor.at = Math.min(at + 1, end);
    return entry;
  }

  #noStamps(): ToolError {
    return new ToolError(
      'E_NO_TIMESTAMPS',
      `the log's events carry no time stamps (first ${this.#unstamped} of them read); nothing was imported`,
      {
        hint: "start QEMU with '-msg timestamp=on' (libvirt's default), or record live with 'iotlb record'",
      },
    );
  }
}

function hashBytes(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0;
  for (let i = start; i < end; i++) hash = (Math.imul(hash, 31) + bytes[i]) | 0;
  return hash;
}
