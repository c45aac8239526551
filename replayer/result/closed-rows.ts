// What a closed loop left behind -> the rows of a result: one per call as the loop formed it, with the barriers
// that it released, each with its waiter and interval.

import type { Dialect } from '../dialects/index.ts';
import type { IssuerSession } from '../issuers/issuer.ts';
import { isOwn, type Gap } from '../loop/gaps.ts';
import type { ClosedRun, StreamRun } from '../loop/run.ts';
import { latenessOf } from './lateness.ts';
import { barrierRows, isSpoiltBy, type RunRows } from './run-rows.ts';

/** A barrier whose CPU nobody knows (design 13, rule 3). */
export const UNKNOWN_WAITER = 0xffff;

/** What guests pay over a whole run (design 13). */
export interface GuestTotals {
  /** Σ over waiters, last release − first arrival. */
  readonly guest_time_ns: number;
  /** From the first arrival of any waiter to the last release. */
  readonly guest_span_ns: number;
  readonly waiters: number;
}

export function closedRows(
  run: StreamRun,
  closed: ClosedRun,
  gaps: readonly Gap[],
  dialect: Dialect,
  session: IssuerSession,
): RunRows {
  const { output, rows, steps } = run;
  const { released, unheld } = releasesOf(closed, run.stream, rows);
  const barriers = barrierRows(released.length);
  const stallNs = new Float64Array(released.length);
  const stallEnd = new Uint32Array(rows);
  const { ownNs } = latenessOf({ ...output, rows });
  const isSpoilt = isSpoiltBy(gaps.filter(isOwn));
  released.forEach(({ item, row, interval }, i) => {
    const { items, arrivalNs, releasedNs, stallNs: stalls } = closed.output;
    const { isOwn: isKnown, waiter } = items[item];
    barriers.waiter[i] = isKnown ? closed.waiters[waiter] : UNKNOWN_WAITER;
    barriers.interval[i] = interval;
    barriers.arrivalNs[i] = arrivalNs[item];
    barriers.issuedNs[i] = output.issuedNs[row];
    barriers.completedNs[i] = output.completedNs[row];
    barriers.releasedNs[i] = releasedNs[item];
    barriers.stallOwnNs[i] = Math.min(stalls[item], ownNs[row]);
    barriers.spoilt[i] = isSpoilt(arrivalNs[item], releasedNs[item]) ? 1 : 0;
    stallNs[i] = stalls[item];
    stallEnd[row]++;
  });
  for (let row = 1; row < rows; row++) stallEnd[row] += stallEnd[row - 1];
  const kept = <T extends Float64Array | Uint32Array | Int32Array>(column: T): T =>
    column.slice(0, rows) as T;
  return {
    stream: run.stream,
    rows,
    dueNs: kept(output.dueNs),
    freeNs: kept(output.freeNs),
    issuedNs: kept(output.issuedNs),
    completedNs: kept(output.completedNs),
    entries: kept(output.entries),
    entriesDone: Uint32Array.from({ length: rows }, (_, row) =>
      session.completed(dialect, output.errno[row], output.reported[row], output.entries[row]),
    ),
    errno: kept(output.errno),
    firstSeq: Float64Array.from(
      { length: rows },
      (_, row) => steps.firstSeq[output.firstStep[row]],
    ),
    lastSeq: Float64Array.from({ length: rows }, (_, row) => steps.lastSeq[output.lastStep[row]]),
    calls: kept(output.calls),
    steps: kept(output.steps),
    stallEnd,
    stallNs,
    barriers,
    freeBarriers: unheld,
  };
}

interface Release {
  readonly item: number;
  /** Row of the stream whose call released it. */
  readonly row: number;
  readonly interval: number;
}

/** Barriers of a stream by the row that released them; those that nothing held are only counted. */
function releasesOf(
  { streams, output }: ClosedRun,
  stream: number,
  rows: number,
): { readonly released: readonly Release[]; readonly unheld: number } {
  const released: Release[] = [];
  const intervals = new Map<number, number>();
  let unheld = 0;
  output.items.forEach((each, item) => {
    if (!each.isBarrier) return;
    // Counted over all streams of the waiter: its intervals are its own.
    const interval = intervals.get(each.waiter) ?? 0;
    if (each.isOwn) intervals.set(each.waiter, interval + 1);
    if (streams[each.stream] !== stream || Number.isNaN(output.releasedNs[item])) return;
    const isHeld = rows > 0 && output.releasedNs[item] > output.arrivalNs[item];
    if (isHeld) released.push({ item, row: output.releasedBy[item], interval });
    else unheld++;
  });
  const at = (one: Release): number => output.releasedNs[one.item];
  released.sort((a, b) => a.row - b.row || at(a) - at(b) || a.item - b.item);
  return { released, unheld };
}

/** What waiters paid, over all threads. */
export function guestTotals(runs: readonly ClosedRun[]): GuestTotals {
  let guestNs = 0;
  let waiters = 0;
  let from = Number.POSITIVE_INFINITY;
  let to = Number.NEGATIVE_INFINITY;
  for (const { waiters: names, output } of runs) {
    const first = names.map(() => Number.POSITIVE_INFINITY);
    const last = names.map(() => Number.NEGATIVE_INFINITY);
    output.items.forEach(({ waiter, isOwn: isItsOwn }, item) => {
      if (output.arrivalNs[item] < first[waiter]) first[waiter] = output.arrivalNs[item];
      if (isItsOwn && output.releasedNs[item] > last[waiter])
        last[waiter] = output.releasedNs[item];
    });
    names.forEach((_, waiter) => {
      if (last[waiter] < first[waiter]) return;
      waiters++;
      guestNs += last[waiter] - first[waiter];
      from = Math.min(from, first[waiter]);
      to = Math.max(to, last[waiter]);
    });
  }
  return { guest_time_ns: guestNs, guest_span_ns: to < from ? 0 : to - from, waiters };
}
