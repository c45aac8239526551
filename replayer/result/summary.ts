// A replay in numbers, as `replay --json` prints them (design 6 and 7). All times in ns.

import { errnoName } from '../loop/native.ts';
import { percentiles, type Percentiles } from './percentiles.ts';
import type { RunRows } from './run-rows.ts';

export interface ReplaySummary {
  /** From the first to the last due time, and between the same two steps as issued. */
  readonly asked_ns: number;
  readonly achieved_ns: number;
  /** Lateness of the last step − lateness of the first. */
  readonly drift_ns: number;
  readonly errors: Readonly<Record<string, number>>;
  readonly lateness_ns: Percentiles;
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
  const errors = new Map<number, number>();
  let at = 0;
  for (const stream of streams) {
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
    service_ns: percentiles(service),
    response_ns: percentiles(response),
    stall_ns: percentiles(stalls),
    issued_steps: total,
    ioctls: count((rows) => rows.calls),
    issued_entries: count((rows) => rows.entries),
    entries_done: count((rows) => rows.entriesDone),
  };
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

function spanOf(
  streams: readonly RunRows[],
): Pick<ReplaySummary, 'asked_ns' | 'achieved_ns' | 'drift_ns'> {
  let first: { readonly due: number; readonly issued: number } | undefined;
  let last: { readonly due: number; readonly issued: number } | undefined;
  for (const rows of streams) {
    if (rows.rows === 0) continue;
    const end = rows.rows - 1;
    if (first === undefined || rows.dueNs[0] < first.due)
      first = { due: rows.dueNs[0], issued: rows.issuedNs[0] };
    if (last === undefined || rows.dueNs[end] >= last.due)
      last = { due: rows.dueNs[end], issued: rows.issuedNs[end] };
  }
  if (first === undefined || last === undefined)
    return { asked_ns: 0, achieved_ns: 0, drift_ns: 0 };
  const asked = last.due - first.due;
  const achieved = last.issued - first.issued;
  return { asked_ns: asked, achieved_ns: achieved, drift_ns: achieved - asked };
}
