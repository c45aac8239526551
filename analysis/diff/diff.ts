// Two replays of one recording, side by side request by request: not by time, because one of them may be ahead. Each
// request stands for the call that carried it.

import { percentiles, type Percentiles } from '../../collector/base/index.ts';
import type { Calls } from './rows.ts';

export interface Mover {
  readonly stream: number;
  readonly seq: number;
  readonly a_ns: number;
  readonly b_ns: number;
}

export interface CallDiff {
  /** Requests at which a call of the first begins, and that the second carried too. */
  readonly compared: number;
  readonly only_in_a: number;
  readonly only_in_b: number;
  /** The first request that shares its call with others than before. */
  readonly first_divergence: {
    readonly stream: number;
    readonly seq: number;
    readonly a: readonly [number, number];
    readonly b: readonly [number, number];
  } | null;
  /** Calls that carry another number of entries. */
  readonly other_width: number;
  /** The second less the first, of calls that carry the same request. */
  readonly service_ns: Percentiles;
  readonly stall_ns: Percentiles;
  readonly shift_ns: Percentiles;
  /** Most different stalls, the greatest first. */
  readonly movers: readonly Mover[];
}

const MOVERS = 5;

export function diffCalls(a: Calls, b: Calls): CallDiff {
  const service: number[] = [];
  const stall: number[] = [];
  const shift: number[] = [];
  const movers: Mover[] = [];
  let divergence: CallDiff['first_divergence'] = null;
  let onlyA = 0;
  let otherWidth = 0;
  let at = 0;
  for (let i = 0; i < a.count; i++) {
    const stream = a.stream[i];
    const seq = a.firstSeq[i];
    while (at + 1 < b.count && isAtOrBefore(b, at + 1, stream, seq)) at++;
    const isThere =
      at < b.count && b.stream[at] === stream && b.firstSeq[at] <= seq && seq <= b.lastSeq[at];
    if (!isThere) {
      onlyA++;
      continue;
    }
    service.push(b.serviceNs[at] - a.serviceNs[i]);
    stall.push(b.stallNs[at] - a.stallNs[i]);
    shift.push(b.issuedNs[at] - a.issuedNs[i]);
    if (a.entries[i] !== b.entries[at]) otherWidth++;
    const isSame = b.firstSeq[at] === seq && b.lastSeq[at] === a.lastSeq[i];
    if (!isSame && divergence === null) {
      divergence = {
        stream,
        seq,
        a: [seq, a.lastSeq[i]],
        b: [b.firstSeq[at], b.lastSeq[at]],
      };
    }
    keep(movers, { stream, seq, a_ns: a.stallNs[i], b_ns: b.stallNs[at] });
  }
  return {
    compared: service.length,
    only_in_a: onlyA,
    only_in_b: missing(b, a),
    first_divergence: divergence,
    other_width: otherWidth,
    service_ns: percentiles(Float64Array.from(service)),
    stall_ns: percentiles(Float64Array.from(stall)),
    shift_ns: percentiles(Float64Array.from(shift)),
    movers,
  };
}

function isAtOrBefore(calls: Calls, row: number, stream: number, seq: number): boolean {
  return calls.stream[row] < stream || (calls.stream[row] === stream && calls.firstSeq[row] <= seq);
}

/** Calls of `from` whose first request no call of `others` carried. */
function missing(from: Calls, others: Calls): number {
  let count = 0;
  let at = 0;
  for (let i = 0; i < from.count; i++) {
    const [stream, seq] = [from.stream[i], from.firstSeq[i]];
    while (at + 1 < others.count && isAtOrBefore(others, at + 1, stream, seq)) at++;
    const isThere =
      at < others.count &&
      others.stream[at] === stream &&
      others.firstSeq[at] <= seq &&
      seq <= others.lastSeq[at];
    if (!isThere) count++;
  }
  return count;
}

function keep(movers: Mover[], one: Mover): void {
  const size = (mover: Mover): number => Math.abs(mover.b_ns - mover.a_ns);
  if (size(one) === 0 || (movers.length === MOVERS && size(one) <= size(movers[MOVERS - 1])))
    return;
  movers.push(one);
  movers.sort((x, y) => size(y) - size(x));
  if (movers.length > MOVERS) movers.pop();
}
