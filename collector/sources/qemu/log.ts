// QEMU's log backend (`-trace … -D FILE -msg timestamp=on`): lines in, rows out through the families.
// Other events are skipped and counted; a damaged line of ours is loss, with its line number.

import { LineSplitter, TextCursor, ToolError } from '../../base/index.ts';
import { LossLog, type EventBuilder } from '../../model/index.ts';
import type { SourceFacts, SourceParser, StreamForm } from '../source.ts';
import { QemuDispatch } from './dispatch.ts';
import { StampReader } from './stamp.ts';

/** So many of our events without a time stamp, and none with one, end the import. */
const UNSTAMPED_LIMIT = 16;

export const qemuLog: StreamForm = {
  kind: 'stream',
  name: 'log',
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
  readonly #cursor = new TextCursor();
  readonly #stamp = new StampReader();
  readonly #lines: LineSplitter;
  readonly #dispatch: QemuDispatch;
  #baseSeconds = -1;
  #baseMicros = 0;
  #unstamped = 0;
  #stamped = false;

  constructor(out: EventBuilder) {
    this.#lines = new LineSplitter({
      line: (bytes, start, end, number, whole) => this.#line(bytes, start, end, number, whole),
    });
    const { losses } = this;
    this.#dispatch = new QemuDispatch({ out, losses, cursor: this.#cursor, unit: 'line' });
  }

  push(bytes: Uint8Array): void {
    this.#lines.push(bytes);
  }

  end(): void {
    this.#lines.end();
    this.#dispatch.end();
    if (!this.#stamped && this.#unstamped > 0) throw this.#noStamps();
  }

  facts(): SourceFacts {
    const rule = this.#dispatch.barrierRule();
    const base =
      BigInt(Math.max(0, this.#baseSeconds)) * 1_000_000_000n + BigInt(this.#baseMicros) * 1000n;
    const first = this.#dispatch.firstRow;
    return {
      clock: {
        name: 'realtime',
        start_ns: String(base + BigInt(Number.isNaN(first) ? 0 : first)),
        resolution_ns: 1000,
        pairs: [],
      },
      barriers: rule === undefined ? 'seen' : 'implied',
      ...(rule === undefined ? {} : { barrierRule: rule }),
      streams: this.#dispatch.streams(),
      iommu: this.#dispatch.iommu(),
      detail: `log backend, ${this.#lines.lines} lines`,
    };
  }

  #line(bytes: Uint8Array, start: number, end: number, number: number, whole: boolean): void {
    const cursor = this.#cursor;
    const stamp = this.#stamp;
    cursor.open(bytes, start, end);
    const stamped = stamp.read(cursor);
    const entry = this.#dispatch.find(cursor);
    if (entry === undefined) {
      this.losses.skipped++;
      if (!whole) this.#dispatch.spoil(undefined);
      return;
    }
    if (!stamped) {
      this.#unstamped++;
      if (!this.#stamped && this.#unstamped >= UNSTAMPED_LIMIT) throw this.#noStamps();
      this.losses.add(number, 'line', 'no time stamp');
      return;
    }
    this.#stamped = true;
    if (this.#baseSeconds < 0) {
      this.#baseSeconds = stamp.seconds;
      this.#baseMicros = stamp.micros;
    }
    const dispatch = this.#dispatch;
    dispatch.place = number;
    dispatch.now =
      (stamp.seconds - this.#baseSeconds) * 1e9 + (stamp.micros - this.#baseMicros) * 1000;
    if (!whole) {
      dispatch.spoil(entry);
      this.losses.add(number, 'line', 'last line is cut');
    } else if (dispatch.handle(entry) === 'damaged') {
      this.losses.add(number, 'line', 'damaged line');
    }
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
