// A replay in numbers, as `replay --json` prints them (design 6 and 7). All times in ns.

import { percentiles, type Percentiles } from '../../collector/base/index.ts';
import { errnoName } from '../calls/native.ts';
import { latenessOf } from './lateness.ts';
import type { RunRows } from './run-rows.ts';

export interface ReplaySummary {
  /** From the first to the last due time, and between the same two steps as issued. */
  readonly asked_ns: number;
  readonly achieved_ns: number;
  /** Lateness of the last step − lateness of the first. */
  readonly drift_ns: number;
  /** The same of what the replayer added itself (own lateness): without queueing behind slow calls. */
  readonly own_drift_ns: number;
  readonly errors: Readonly<Record<string, number>>;
  readonly lateness_ns: Percentiles;
  /**
   * Lateness that the replayer or the machine added: issued − the later of due and the moment when the thread
   * had returned from the call before, whichever stream's.
   */
  readonly own_lateness_ns: Percentiles;
  /** Waiting for calls of other streams on the same thread. */
  readonly shared_lateness_ns: Percentiles;
  /** Steps that waited for another stream's call. */
  readonly shared_steps: number;
  /** Steps that came due while the one before was being issued, because calls take their time. */
  readonly backlogged: number;
  /** The same, because the replayer or the machine had been late before. */
  readonly behind_late: number;
  /** Shares of all steps, by own lateness. */
  readonly share_over_1us: number;
  readonly share_over_10us: number;
  readonly share_over_100us: number;
  readonly service_ns: Percentiles;
  readonly response_ns: Percentiles;
  readonly stall_ns: Percentiles;
  readonly service_total_ns: number;
  readonly stall_total_ns: number;
  readonly issued_steps: number;
  readonly ioctls: number;
  readonly issued_entries: number;
  readonly entries_done: number;
}

export function summarise(streams: readonly RunRows[]): ReplaySummary {
  const total = streams.reduce((sum, stream) => sum + stream.rows, 0);
  const lateness = new Float64Array(total);
  const service = new Float64Array(total);
  const response = new Float64Array(total);
  const own = new Float64Array(total);
  const shared = new Float64Array(total);
  const errors = new Map<number, number>();
  let at = 0;
  let backlogged = 0;
  let behindLate = 0;
  for (const stream of streams) {
    const parts = latenessOf(stream);
    own.set(parts.ownNs, at);
    shared.set(parts.sharedNs, at);
    backlogged += parts.behindCalls;
    behindLate += parts.behindLate;
    for (let i = 0; i < stream.rows; i++, at++) {
      lateness[at] = stream.issuedNs[i] - stream.dueNs[i];
      service[at] = stream.completedNs[i] - stream.issuedNs[i];
      response[at] = stream.completedNs[i] - stream.dueNs[i];
      const code = stream.errno[i];
      if (code !== 0) errors.set(code, (errors.get(code) ?? 0) + 1);
    }
  }
  const stalls = allStalls(streams);
  const span = spanOf(streams);
  const sum = (values: Float64Array): number => values.reduce((acc, value) => acc + value, 0);
  const count = (pick: (rows: RunRows) => Uint32Array): number =>
    streams.reduce((acc, rows) => acc + pick(rows).reduce((a, b) => a + b, 0), 0);
  return {
    ...span,
    errors: Object.fromEntries([...errors].map(([code, times]) => [errnoName(code), times])),
    service_total_ns: sum(service),
    stall_total_ns: sum(stalls),
    lateness_ns: percentiles(lateness),
    own_lateness_ns: percentiles(own),
    shared_steps: shared.filter((ns) => ns > 0).length,
    shared_lateness_ns: percentiles(shared),
    backlogged,
    behind_late: behindLate,
    share_over_1us: shareOver(own, 1e3),
    share_over_10us: shareOver(own, 10e3),
    share_over_100us: shareOver(own, 100e3),
    service_ns: percentiles(service),
    response_ns: percentiles(response),
    stall_ns: percentiles(stalls),
    issued_steps: total,
    ioctls: count((rows) => rows.calls),
    issued_entries: count((rows) => rows.entries),
    entries_done: count((rows) => rows.entriesDone),
  };
}

/** Share of `sorted` above `limit`. */
function shareOver(sorted: Float64Array, limit: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle] > limit) high = middle;
    else low = middle + 1;
  }
  return sorted.length === 0 ? 0 : (sorted.length - low) / sorted.length;
}

/** Every barrier's stall; those that no step held back with 0. */
function allStalls(streams: readonly RunRows[]): Float64Array {
  const length = streams.reduce((sum, rows) => sum + rows.stallNs.length + rows.freeBarriers, 0);
  const out = new Float64Array(length);
  let at = 0;
  for (const rows of streams) {
    out.set(rows.stallNs, at);
    at += rows.stallNs.length + rows.freeBarriers;
  }
  return out;
}

interface Edge {
  readonly due: number;
  readonly issued: number;
  readonly own: number;
}

function spanOf(
  streams: readonly RunRows[],
): Pick<ReplaySummary, 'asked_ns' | 'achieved_ns' | 'drift_ns' | 'own_drift_ns'> {
  let first: Edge | undefined;
  let last: Edge | undefined;
  for (const rows of streams) {
    if (rows.rows === 0) continue;
    const start = edge(rows, 0);
    const end = edge(rows, rows.rows - 1);
    if (first === undefined || start.due < first.due) first = start;
    if (last === undefined || end.due >= last.due) last = end;
  }
  if (first === undefined || last === undefined)
    return { asked_ns: 0, achieved_ns: 0, drift_ns: 0, own_drift_ns: 0 };
  const asked = last.due - first.due;
  const achieved = last.issued - first.issued;
  return {
    asked_ns: asked,
    achieved_ns: achieved,
    drift_ns: achieved - asked,
    own_drift_ns: last.own - first.own,
  };
}

function edge(rows: RunRows, row: number): Edge {
  const due = rows.dueNs[row];
  const issued = rows.issuedNs[row];
  const before = Math.max(due, rows.freeNs[row]);
  return { due, issued, own: issued - before };
}
