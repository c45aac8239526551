// Brings the rows of one or more live sources into one recording: one start for all times, one numbering
// for all streams, one sum of losses. Owns the builder that the recorder empties.

import {
  EventBuilder,
  type LossDetail,
  type LossLog,
  type Tally,
  type TraceHeader,
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
  readonly label: () => string;
  readonly source: OpenSource;
  readonly rows: EventBuilder;
  /** Stream of the recording for each stream of the source. */
  readonly streams: Map<number, number>;
}

export class Merger {
  readonly out = new EventBuilder();
  /** Absolute time of offset 0, ns on the source's clock; set by the first row. */
  startNs: bigint | undefined;
  readonly #lanes: OpenLane[] = [];
  readonly #streams: { readonly id: number; readonly name: string }[] = [];

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
    const lane: OpenLane = { label, source, rows, streams: new Map() };
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
    return { ...facts, clock, streams: [...this.#streams] };
  }

  tally(): Tally {
    const sum = { seen: 0, kept: 0, lost: 0, skipped: 0 };
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
      stream: (id) => this.#stream(lane, id, facts.streams),
    });
    rows.clear();
  }

  #stream(lane: OpenLane, id: number, streams: SourceFacts['streams']): number {
    const known = lane.streams.get(id);
    if (known !== undefined) return known;
    const name = streams.find((stream) => stream.id === id)?.name ?? `queue ${id}`;
    const label = lane.label();
    const fresh = this.#streams.length;
    this.#streams.push({ id: fresh, name: label === '' ? name : `${label}: ${name}` });
    lane.streams.set(id, fresh);
    return fresh;
  }
}

/** Appends the rows of `from` with their times moved and their streams renumbered. */
function copyRows(
  from: EventBuilder,
  to: EventBuilder,
  change: { readonly shiftNs: number; readonly stream: (id: number) => number },
): void {
  const first = to.append(from, 0, from.count);
  for (let row = first; row < to.count; row++) {
    to.tNs[row] += change.shiftNs;
    to.stream[row] = change.stream(to.stream[row]);
  }
}
