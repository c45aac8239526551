// Merges the CPUs of a ring buffer in time order and turns their events into rows. Used by raw pages,
// trace.dat and live recording alike: what differs is only where the pages come from.

import type { LossLog } from '../../model/index.ts';
import type { GuestEvents } from './guest-events.ts';
import { ROLE } from './guest-events.ts';
import type { EventBytes, RawEvents } from './raw-events.ts';
import type { PageCursor, TimeBase } from './ring-page.ts';

/** Rows may be taken away after so many events. */
const STEP_EVENTS = 32_768;
const WORD = 0x1_0000_0000;

export interface MergeTargets {
  readonly raw: RawEvents;
  readonly events: GuestEvents;
  readonly losses: LossLog;
  /** ns per unit of the pages' clock. */
  readonly scale: number;
}

/** The earliest first page of the CPUs: the zero of the merged times. CPUs without pages are left out. */
export function openCursors(cursors: readonly PageCursor[]): {
  readonly base: TimeBase;
  readonly live: PageCursor[];
} {
  let base: TimeBase | undefined;
  const live: PageCursor[] = [];
  for (const cursor of cursors) {
    const first = cursor.open();
    if (first === undefined) continue;
    live.push(cursor);
    const isEarlier =
      base === undefined ||
      first.high < base.high ||
      (first.high === base.high && first.low < base.low);
    if (isEarlier) base = first;
  }
  const zero = base ?? { high: 0, low: 0 };
  for (const cursor of live) cursor.start(zero);
  return { base: zero, live: live.filter((cursor) => cursor.next()) };
}

/** `base` in ns as a bigint. */
export function baseNs(base: TimeBase): bigint {
  return BigInt(base.high) * BigInt(WORD) + BigInt(base.low);
}

/** Runs all CPUs to their ends; yields the stored bytes done. */
export function* mergeCpus(
  cursors: readonly PageCursor[],
  targets: MergeTargets,
): Generator<number, void, void> {
  const merge = new EventMerge<PageCursor>(targets);
  merge.live.push(...cursors);
  let finished = 0;
  while (merge.live.length > 0) {
    const ended = merge.run({ horizon: Number.POSITIVE_INFINITY, untilTaken: STEP_EVENTS });
    if (ended !== undefined) finished += ended.done;
    if (merge.taken < STEP_EVENTS) continue;
    merge.taken = 0;
    yield merge.live.reduce((sum, cursor) => sum + cursor.done, finished);
  }
  targets.events.end();
  yield finished;
}

/** One CPU's events, in the order of their time. Stands on one of them. */
export interface EventCursor extends EventBytes {
  readonly cpu: number;
  readonly time: number;
  /** Steps to the next event; false where there is none. */
  next(): boolean;
}

/** Takes the events of several CPUs in the order of their time. */
export class EventMerge<Cursor extends EventCursor> {
  /** CPUs that stand on an event. */
  readonly live: Cursor[] = [];
  taken = 0;
  readonly #targets: MergeTargets;

  constructor(targets: MergeTargets) {
    this.#targets = targets;
  }

  /**
   * Takes events that are not later than `horizon`, until `taken` is `untilTaken` or a CPU has no more: that
   * CPU is no longer live, and returned.
   */
  run(limits: { readonly horizon: number; readonly untilTaken: number }): Cursor | undefined {
    const { live } = this;
    while (live.length > 0 && this.taken < limits.untilTaken) {
      const first = earliest(live);
      if (first.time > limits.horizon) return undefined;
      // This CPU goes on until its next event is later than every other CPU's.
      const until = Math.min(limits.horizon, laterThan(live, first));
      let left = limits.untilTaken - this.taken;
      const before = left;
      let more = true;
      do {
        takeEvent(first, this.#targets);
        more = first.next();
        left--;
      } while (more && first.time <= until && left > 0);
      this.taken += before - left;
      if (more) continue;
      live.splice(live.indexOf(first), 1);
      return first;
    }
    return undefined;
  }
}

function earliest<Cursor extends EventCursor>(live: readonly Cursor[]): Cursor {
  let first = live[0];
  for (const cursor of live) if (cursor.time < first.time) first = cursor;
  return first;
}

function laterThan(live: readonly EventCursor[], first: EventCursor): number {
  let time = Number.POSITIVE_INFINITY;
  for (const cursor of live) if (cursor !== first && cursor.time < time) time = cursor.time;
  return time;
}

function takeEvent(cursor: EventCursor, targets: MergeTargets): void {
  const { raw, events, losses, scale } = targets;
  if (cursor.dataEnd - cursor.data < 2) {
    losses.skipped++;
    return;
  }
  const role = raw.role(cursor.view, cursor.data);
  if (role === ROLE.none) {
    losses.skipped++;
  } else if (role === ROLE.border) {
    losses.skipped++;
    events.border(cursor.cpu);
  } else if (
    !raw.take(role, cursor, scale === 1 ? cursor.time : Math.round(cursor.time * scale), cursor.cpu)
  ) {
    losses.add(cursor.cpu, 'cpu', 'event shorter than its format');
  }
}
