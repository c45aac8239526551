// When an event of one CPU may be taken although another CPU shows none. The rule: once every other CPU has
// shown a later event, or was found empty SETTLE_NS after it. So a quiet CPU never holds the others back for
// longer, and nothing is kept here: what may not be taken yet stays in the kernel's buffers.

import { EventMerge, type EventCursor, type MergeTargets } from '../../sources/ftrace/merge.ts';

/** Between taking its time and becoming readable an event may be held up: an interrupt, a vCPU that waits. */
export const SETTLE_NS = 10e6;

export class LiveMerge<Cursor extends EventCursor> {
  readonly #merge: EventMerge<Cursor>;
  /** CPUs that showed nothing when they were last asked. */
  #dry: Cursor[] = [];

  constructor(targets: MergeTargets) {
    this.#merge = new EventMerge(targets);
  }

  /** One more CPU: what it holds counts from the next step on. */
  add(cursor: Cursor): void {
    this.#dry.push(cursor);
  }

  /**
   * Takes at most `limit` events. `nowNs`, on the events' clock, is taken before the call: what a CPU that
   * is empty now writes later is not earlier than that. True where the limit ended it.
   */
  step(nowNs: number, limit: number): boolean {
    const merge = this.#merge;
    merge.taken = 0;
    this.#wake();
    while (merge.taken < limit) {
      // What a CPU that comes online from now on writes is later than now, too.
      const horizon = this.#dry.length === 0 ? nowNs : nowNs - SETTLE_NS;
      const ended = merge.run({ horizon, untilTaken: limit });
      if (ended !== undefined) this.#dry.push(ended);
      else if (merge.taken < limit) return false;
    }
    return true;
  }

  /** Takes at most `limit` of what is left, once nothing more is written. */
  drain(limit: number): boolean {
    return this.step(Number.POSITIVE_INFINITY, limit);
  }

  #wake(): void {
    const asked = this.#dry;
    this.#dry = [];
    for (const cursor of asked) (cursor.next() ? this.#merge.live : this.#dry).push(cursor);
  }
}
