// Brings the rows of one or more live sources into one recording: one start for all times, one numbering
// for all streams, one sum of losses. Owns the builder that the recorder empties.

import {
  EventBuilder,
  KIND,
  PRESENT,
  RAW_BYTES,
  shiftTimes,
  type LossDetail,
  type LossLog,
  type Stream,
  type Tally,
  type TraceHeader,
  type Viommu,
  type Waiter,
} from '../model/index.ts';
import type { OpenSource, SourceFacts, StreamForm } from '../sources/source.ts';

/** The way of one log into the recording. */
export interface Lane {
  push(bytes: Uint8Array): void;
  /** The parser's count; a source adds what never reached the parser. */
  readonly losses: LossLog;
  end(): void;
}

interface OpenLane {
  /** Each log is a VM of its own. */
  readonly vm: number;
  readonly label: () => string;
  readonly source: OpenSource;
  readonly rows: EventBuilder;
  /** Numbers in the recording for the source's own. */
  readonly streams: Map<number, number>;
  readonly viommus: Map<number, number>;
  readonly waiters: Map<number, number>;
}

export class Merger {
  readonly out = new EventBuilder();
  /** Absolute time of offset 0, ns on the source's clock; set by the first row. */
  startNs: bigint | undefined;
  readonly #lanes: OpenLane[] = [];
  readonly #streams: Stream[] = [];
  readonly #viommus: Viommu[] = [];
  readonly #waiters: Waiter[] = [];
  /** Marks that wait for the first row, whose stream they join. */
  #waiting: { readonly text: string; readonly atNs: bigint }[] = [];
  #marks: { readonly row: number; readonly text: string }[] = [];
  #markRows = 0;

  /** A lane for one more log; `label` is asked for when a stream first shows, to name it. */
  open(form: StreamForm, label: () => string = () => ''): Lane {
    const { source, take } = this.join((rows) => form.open(rows), label);
    return {
      push: (bytes) => {
        source.push(bytes);
        take();
      },
      losses: source.losses,
      end: () => {
        source.end();
        take();
      },
    };
  }

  /** A lane for a source that adds rows by itself; `take` brings over what it has added. */
  join<S extends OpenSource>(
    open: (rows: EventBuilder) => S,
    label: () => string = () => '',
  ): { readonly source: S; readonly take: () => void } {
    const rows = new EventBuilder();
    const source = open(rows);
    const lane: OpenLane = {
      vm: this.#lanes.length,
      label,
      source,
      rows,
      streams: new Map(),
      viommus: new Map(),
      waiters: new Map(),
    };
    this.#lanes.push(lane);
    return { source, take: () => this.#take(lane) };
  }

  /** What the sources know by now, with this recording's streams; undefined before any is open. */
  facts(): SourceFacts | undefined {
    const first = this.#lanes.find((lane) => lane.streams.size > 0) ?? this.#lanes[0];
    if (first === undefined) return undefined;
    const facts = first.source.facts();
    const clock: TraceHeader['clock'] = {
      ...facts.clock,
      start_ns: String(this.startNs ?? BigInt(facts.clock.start_ns)),
    };
    return {
      ...facts,
      clock,
      streams: [...this.#streams],
      viommus: [...this.#viommus],
      waiters: [...this.#waiters],
    };
  }

  /** A named moment, ns on the recording's clock. It takes its place when there is a row before it. */
  mark(text: string, atNs: bigint): void {
    this.#waiting.push({ text, atNs });
    this.#placeMarks();
  }

  /** The marks among the rows of `out`, since the last call. */
  takeMarks(): readonly { readonly row: number; readonly text: string }[] {
    return this.#marks.splice(0);
  }

  tally(): Tally {
    const sum = { seen: this.#markRows, kept: this.#markRows, lost: 0, skipped: 0 };
    for (const { source } of this.#lanes) {
      const tally = source.losses.tally();
      sum.seen += tally.seen;
      sum.kept += tally.kept;
      sum.lost += tally.lost;
      sum.skipped += tally.skipped;
    }
    return sum;
  }

  /** Places of loss since the last call. */
  newLosses(): readonly LossDetail[] {
    return this.#lanes.flatMap(({ source }) => source.losses.take());
  }

  /** Losses since the last call that no place was left for. */
  lossSums(): readonly LossDetail[] {
    return this.#lanes.flatMap(({ source }) => source.losses.takeSums());
  }

  #take(lane: OpenLane): void {
    const { rows } = lane;
    if (rows.count === 0) return;
    const facts = lane.source.facts();
    const start = BigInt(facts.clock.start_ns);
    this.startNs ??= start;
    const shiftNs = Number(start - this.startNs);
    copyRows(rows, this.out, {
      shiftNs,
      stream: (index) => this.#stream(lane, index, facts),
      waiter: (index) => this.#waiter(lane, index, facts),
    });
    rows.clear();
    if (this.#waiting.length > 0) this.#placeMarks();
  }

  #placeMarks(): void {
    if (this.startNs === undefined || this.#streams.length === 0) return;
    for (const { text, atNs } of this.#waiting.splice(0)) {
      const row = this.out.next(Number(atNs - this.startNs), 0);
      this.out.kind[row] = KIND.mark;
      // The text as far as it fits, so that a file that was never sealed has it too.
      const words = Buffer.from(text).subarray(0, RAW_BYTES);
      this.out.raw.set(words, row * RAW_BYTES);
      this.out.rawLen[row] = words.length;
      this.#marks.push({ row, text });
      this.#markRows++;
    }
  }

  #stream(lane: OpenLane, index: number, facts: SourceFacts): number {
    return numbered(lane.streams, index, this.#streams, (fresh) => {
      const stream = facts.streams.find((one) => one.index === index);
      const name = stream?.name ?? `queue ${index}`;
      return {
        index: fresh,
        vm: lane.vm,
        viommu: this.#viommu(lane, stream?.viommu ?? 0, facts),
        queue: stream?.queue ?? 0,
        name: labelled(lane, name),
      };
    });
  }

  #viommu(lane: OpenLane, index: number, facts: SourceFacts): number {
    return numbered(lane.viommus, index, this.#viommus, (fresh) => {
      const viommu = facts.viommus.find((one) => one.index === index);
      const { family = 'unknown', name = '' } = viommu ?? {};
      return { index: fresh, vm: lane.vm, family, name };
    });
  }

  #waiter(lane: OpenLane, index: number, facts: SourceFacts): number {
    return numbered(lane.waiters, index, this.#waiters, (fresh) => {
      const waiter = facts.waiters.find((one) => one.index === index);
      const { name = `waiter ${index}`, from = 'unknown' } = waiter ?? {};
      return { index: fresh, vm: lane.vm, name: labelled(lane, name), from };
    });
  }
}

/** The number of a lane's `index` in the recording; a new one is made when it first shows. */
function numbered<T>(
  known: Map<number, number>,
  index: number,
  all: T[],
  make: (fresh: number) => T,
): number {
  const found = known.get(index);
  if (found !== undefined) return found;
  const fresh = all.length;
  all.push(make(fresh));
  known.set(index, fresh);
  return fresh;
}

function labelled(lane: OpenLane, name: string): string {
  const label = lane.label();
  return label === '' ? name : `${label}: ${name}`;
}

interface RowChange {
  readonly shiftNs: number;
  readonly stream: (index: number) => number;
  readonly waiter: (index: number) => number;
}

/** Appends the rows of `from` with their times moved, their streams and waiters renumbered. */
function copyRows(from: EventBuilder, to: EventBuilder, change: RowChange): void {
  const first = to.append(from, 0, from.count);
  for (let row = first; row < to.count; row++) {
    shiftTimes(to, row, change.shiftNs);
    to.stream[row] = change.stream(to.stream[row]);
    if ((to.present[row] & PRESENT.waiter) !== 0) to.waiter[row] = change.waiter(to.waiter[row]);
  }
}
