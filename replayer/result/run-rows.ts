// What the loop left in its columns -> the rows of a result: one per issued group of steps, with the
// sequence numbers it carried and the stall of every barrier it released.

import type { Dialect } from '../dialects/index.ts';
import type { IssuerSession } from '../issuers/issuer.ts';
import { isOwn, type Gap } from '../loop/gaps.ts';
import { GAP_NS } from '../loop/lane-memory.ts';
import type { StreamRun } from '../loop/run.ts';
import { latenessOf } from './lateness.ts';

/** Columns of one stream's rows; times in ns from the common start. */
export interface RunRows {
  readonly stream: number;
  readonly rows: number;
  readonly dueNs: Float64Array;
  /** When the thread had returned from the call before, whichever stream's. */
  readonly freeNs: Float64Array;
  readonly issuedNs: Float64Array;
  readonly completedNs: Float64Array;
  readonly entries: Uint32Array;
  readonly entriesDone: Uint32Array;
  readonly errno: Int32Array;
  readonly firstSeq: Float64Array;
  readonly lastSeq: Float64Array;
  readonly calls: Uint32Array;
  readonly steps: Uint32Array;
  /** Barriers that row i released: `stallEnd[i - 1] … stallEnd[i] - 1` in the columns below. */
  readonly stallEnd: Uint32Array;
  readonly stallNs: Float64Array;
  readonly barriers: BarrierRows;
  /** Barriers that no step held back: their stall is 0. */
  readonly freeBarriers: number;
}

/** One per released barrier, beside `stallNs`. */
export interface BarrierRows {
  readonly waiter: Uint16Array;
  /** Counted per waiter, from 0, over all passes. */
  readonly interval: Uint32Array;
  readonly arrivalNs: Float64Array;
  readonly issuedNs: Float64Array;
  readonly completedNs: Float64Array;
  readonly releasedNs: Float64Array;
  /** The part of the stall that comes from the lateness of the releasing call itself. */
  readonly stallOwnNs: Float64Array;
  /** 1 where a gap of the machine or the replayer fell between arrival and release, or the queue behind one. */
  readonly spoilt: Uint8Array;
}

export function barrierRows(length: number): BarrierRows {
  return {
    waiter: new Uint16Array(length),
    interval: new Uint32Array(length),
    arrivalNs: new Float64Array(length),
    issuedNs: new Float64Array(length),
    completedNs: new Float64Array(length),
    releasedNs: new Float64Array(length),
    stallOwnNs: new Float64Array(length),
    spoilt: new Uint8Array(length),
  };
}

export function runRows(
  run: StreamRun,
  gaps: readonly Gap[],
  dialect: Dialect,
  session: IssuerSession,
): RunRows {
  const { output, rows, steps, schedule } = run;
  const entriesDone = new Uint32Array(rows);
  const firstSeq = new Float64Array(rows);
  const lastSeq = new Float64Array(rows);
  const stepCount = new Uint32Array(rows);
  const stallEnd = new Uint32Array(rows);
  const stallNs = new Float64Array(releasesOf(run));
  const barriers = barrierRows(stallNs.length);
  const isSpoilt = isSpoiltBy(gaps.filter(isOwn));
  const { ownNs, carriedNs } = latenessOf({ ...output, rows });
  let step = 0;
  let stalls = 0;
  let passes = 0;
  for (let row = 0; row < rows; row++) {
    const last = output.lastStep[row];
    let low = steps.firstSeq[step];
    let high = steps.lastSeq[step];
    for (let i = step + 1; i <= last; i++) {
      low = Math.min(low, steps.firstSeq[i]);
      high = Math.max(high, steps.lastSeq[i]);
    }
    firstSeq[row] = low;
    lastSeq[row] = high;
    stepCount[row] = last - step + 1;
    // How much later than scheduled the group was due: whole passes, and in a closed loop the push-back.
    const shiftNs = output.dueNs[row] - Math.round(schedule.dueNs[step]);
    for (let i = steps.releaseStart(step); i < steps.releaseEnd[last]; i++) {
      const captured = Math.round(schedule.barrierNs[i]) + shiftNs;
      const completed = output.completedNs[row];
      const stall = Math.max(0, completed - captured);
      // Open loop: nothing says who waits, so the stream is one waiter.
      barriers.waiter[stalls] = run.stream;
      barriers.interval[stalls] = stalls;
      barriers.arrivalNs[stalls] = captured;
      barriers.issuedNs[stalls] = output.issuedNs[row];
      barriers.completedNs[stalls] = completed;
      barriers.releasedNs[stalls] = Math.max(completed, captured);
      barriers.stallOwnNs[stalls] = Math.min(stall, ownNs[row]);
      const isHit = isSpoilt(Math.min(captured, output.dueNs[row]), completed);
      barriers.spoilt[stalls] = isHit || carriedNs[row] > GAP_NS / 10 ? 1 : 0;
      stallNs[stalls++] = stall;
    }
    stallEnd[row] = stalls;
    entriesDone[row] = session.completed(
      dialect,
      output.errno[row],
      output.reported[row],
      output.entries[row],
    );
    step = last + 1;
    if (step < steps.steps) continue;
    step = 0;
    passes++;
  }
  return {
    stream: run.stream,
    rows,
    dueNs: output.dueNs.slice(0, rows),
    freeNs: output.freeNs.slice(0, rows),
    issuedNs: output.issuedNs.slice(0, rows),
    completedNs: output.completedNs.slice(0, rows),
    entries: output.entries.slice(0, rows),
    entriesDone,
    errno: output.errno.slice(0, rows),
    firstSeq,
    lastSeq,
    calls: output.calls.slice(0, rows),
    steps: stepCount,
    stallEnd,
    stallNs,
    barriers,
    freeBarriers: steps.free * Math.max(1, passes),
  };
}

/** Barriers released in all passes that were run. */
function releasesOf({ output, rows, steps }: Pick<StreamRun, 'output' | 'rows' | 'steps'>): number {
  let releases = 0;
  let before = 0;
  for (let row = 0; row < rows; row++) {
    const end = steps.releaseEnd[output.lastStep[row]];
    releases += end - before;
    before = output.lastStep[row] === steps.steps - 1 ? 0 : end;
  }
  return releases;
}

/** Whether a stretch of time meets one of `gaps`, which are in order. */
export function isSpoiltBy(gaps: readonly Gap[]): (fromNs: number, toNs: number) => boolean {
  const sorted = [...gaps].sort((a, b) => a.at_ns - b.at_ns);
  let first = 0;
  return (fromNs, toNs) => {
    if (first > 0 && sorted[first - 1].at_ns + sorted[first - 1].length_ns > fromNs) first = 0;
    while (first < sorted.length && sorted[first].at_ns + sorted[first].length_ns <= fromNs)
      first++;
    return first < sorted.length && sorted[first].at_ns < toNs;
  };
}
