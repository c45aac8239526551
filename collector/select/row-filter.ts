// Which rows of a recording are looked at: by time, VM, stream, waiter, domain and kind.

import {
  EventBuilder,
  KIND,
  PRESENT,
  Waiters,
  type EventBatch,
  type TraceHeader,
} from '../model/index.ts';

/** What is undefined selects everything. */
export interface Selection {
  /** ns from the recording's start: begin ≤ t < end. */
  readonly beginNs: number;
  readonly endNs: number;
  readonly vms: ReadonlySet<number> | undefined;
  readonly streams: ReadonlySet<number> | undefined;
  readonly waiters: ReadonlySet<number> | undefined;
  readonly domains: ReadonlySet<number> | undefined;
  readonly kinds: ReadonlySet<number> | undefined;
  /** Keep barriers whatever domains and kinds are named: requests without them are never released. */
  readonly keepsBarriers: boolean;
}

export class RowFilter {
  readonly #selection: Selection;
  readonly #waiters: Waiters;
  readonly #vmOfStream = new Map<number, number>();

  constructor(selection: Selection, header: TraceHeader) {
    this.#selection = selection;
    this.#waiters = new Waiters(header);
    for (const { index, vm } of header.streams) this.#vmOfStream.set(index, vm);
  }

  takes(batch: EventBatch, row: number): boolean {
    const { beginNs, endNs, vms, streams, waiters } = this.#selection;
    const t = batch.tNs[row];
    if (t < beginNs || t >= endNs) return false;
    const stream = batch.stream[row];
    if (streams !== undefined && !streams.has(stream)) return false;
    if (vms !== undefined && !vms.has(this.#vmOfStream.get(stream) ?? 0)) return false;
    if (waiters !== undefined && !waiters.has(this.#waiters.of(batch, row))) return false;
    return this.#asksFor(batch, row);
  }

  /** The rows of `batch` that are taken, copied; undefined where there are none. */
  pick(batch: EventBatch): EventBatch | undefined {
    const out = new EventBuilder(Math.max(1, batch.count));
    let from = 0;
    // Rows that are taken mostly lie together: whole stretches are copied.
    while (from < batch.count) {
      while (from < batch.count && !this.takes(batch, from)) from++;
      let to = from;
      while (to < batch.count && this.takes(batch, to)) to++;
      if (to > from) out.append(batch, from, to);
      from = to;
    }
    return out.count === 0 ? undefined : out;
  }

  *pickAll(batches: Iterable<EventBatch>): Generator<EventBatch, void, void> {
    for (const batch of batches) {
      const picked = this.pick(batch);
      if (picked !== undefined) yield picked;
    }
  }

  #asksFor(batch: EventBatch, row: number): boolean {
    const { domains, kinds, keepsBarriers } = this.#selection;
    if (keepsBarriers && batch.kind[row] === KIND.barrier) return true;
    if (kinds !== undefined && !kinds.has(batch.kind[row])) return false;
    if (domains === undefined) return true;
    return (batch.present[row] & PRESENT.domainId) !== 0 && domains.has(batch.domainId[row]);
  }
}
