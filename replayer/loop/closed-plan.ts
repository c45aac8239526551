// A recording to be replayed in the closed loop, and its share for each thread: streams that have a waiter in
// common go to one thread, with the rows of their waiters on the time line of the run.

import type { Serial } from '../closed-loop/options.ts';
import type { LoopRows } from '../closed-loop/rows.ts';
import { Submissions } from '../closed-loop/submissions.ts';
import { ROW } from '../closed-loop/rows.ts';
import type { Grouping } from './closed-work.ts';
import type { StepBatch } from '../steps/step-batch.ts';
import type { TimeMap } from './idle.ts';

export interface ClosedPlan {
  /** All rows that matter, in capture order. */
  readonly rows: readonly LoopRows[];
  readonly grouping: Grouping;
  readonly serial: Serial;
  /** By stream: a step per request, or with `isPlanned` what the strategy made of each interval. */
  readonly steps: ReadonlyMap<number, StepBatch>;
  readonly isPlanned: boolean;
  /** Set where the recording does not say who waits: the reading that is used. */
  readonly assumed: string | undefined;
}

export interface Timing {
  readonly time: TimeMap;
  readonly speed: number;
  readonly passes: number;
  readonly periodNs: number;
}

/** One thread's share. */
export interface ClosedPart {
  readonly submissions: Submissions;
  /** By sequence number in the run: the step of its stream. Passes follow each other by `seqsPerPass`. */
  readonly stepOf: (seq: number) => number;
  readonly seqsPerPass: number;
}

/** Streams in as many groups as there are threads to keep busy: a waiter's streams are never parted. */
export function dealStreams(
  rows: readonly LoopRows[],
  threads: number,
): readonly ReadonlySet<number>[] {
  const leader = new Map<number, number>();
  const find = (stream: number): number => {
    const next = leader.get(stream) ?? stream;
    if (next === stream) return stream;
    const first = find(next);
    leader.set(stream, first);
    return first;
  };
  const streamOfWaiter = new Map<number, number>();
  for (const { count, stream, waiter } of rows) {
    for (let i = 0; i < count; i++) {
      if (!leader.has(stream[i])) leader.set(stream[i], stream[i]);
      const known = streamOfWaiter.get(waiter[i]);
      if (known === undefined) streamOfWaiter.set(waiter[i], stream[i]);
      else if (known !== stream[i]) leader.set(find(stream[i]), find(known));
    }
  }
  const leaders = [...new Set([...leader.keys()].map(find))].sort((a, b) => a - b);
  const count = Math.max(1, Math.min(threads, leaders.length));
  const parts = Array.from({ length: count }, () => new Set<number>());
  for (const stream of leader.keys()) parts[leaders.indexOf(find(stream)) % count].add(stream);
  return parts;
}

/** The share of the streams in `part`. */
export function closedPart(
  plan: ClosedPlan,
  part: ReadonlySet<number>,
  { time, speed, passes, periodNs }: Timing,
): ClosedPart {
  const submissions = new Submissions();
  const last = plan.rows.at(-1);
  const seqsPerPass = last === undefined || last.count === 0 ? 1 : last.seq[last.count - 1] + 1;
  const steps = new Int32Array(seqsPerPass).fill(-1);
  const next = new Map<number, number>();
  const most = plan.rows.reduce((max, rows) => Math.max(max, mostSubmission(rows)), 0);
  for (let pass = 0; pass < passes; pass++) {
    for (const rows of plan.rows) {
      const own = ofStreams(rows, part);
      for (let i = 0; i < own.count; i++) {
        const seq = own.seq[i];
        if (pass === 0 && own.what[i] === ROW.request) {
          const step = next.get(own.stream[i]) ?? 0;
          steps[seq] = step;
          next.set(own.stream[i], step + 1);
        }
        own.seq[i] = seq + pass * seqsPerPass;
        if (own.submission[i] !== 0) own.submission[i] += pass * (most + 1);
        // Whole ns: a step is due at a reading of the clock.
        const atNs = (time.at(own.tNs[i]) - time.originNs) / speed + pass * periodNs;
        own.tNs[i] = Math.max(0, Math.round(atNs));
        if (plan.isPlanned) own.target[i] = 0; // a call is what the strategy planned, whomever it serves
      }
      submissions.push(own);
    }
  }
  submissions.end();
  return { submissions, seqsPerPass, stepOf: (seq) => steps[seq % seqsPerPass] };
}

/** By step that was planned: requests of its stream until its last. */
export function requestsUpTo(plan: ClosedPlan, stream: number, steps: StepBatch): Uint32Array {
  const seqs: number[] = [];
  for (const rows of plan.rows)
    for (let i = 0; i < rows.count; i++)
      if (rows.stream[i] === stream && rows.what[i] === ROW.request) seqs.push(rows.seq[i]);
  const ends = new Uint32Array(steps.steps);
  let at = 0;
  for (let step = 0; step < steps.steps; step++) {
    while (at < seqs.length && seqs[at] <= steps.lastSeq[step]) at++;
    ends[step] = at;
  }
  if (steps.steps > 0) ends[steps.steps - 1] = seqs.length;
  return ends;
}

type OwnRows = {
  -readonly [Column in keyof LoopRows]: LoopRows[Column] extends number ? number : Float64Array;
};

/** A copy of the rows of some streams. */
function ofStreams(rows: LoopRows, part: ReadonlySet<number>): OwnRows {
  const places: number[] = [];
  for (let i = 0; i < rows.count; i++) if (part.has(rows.stream[i])) places.push(i);
  return pick(rows, places);
}

/** A copy of rows that their source will use again. */
export function copyRows(rows: LoopRows): LoopRows {
  return pick(
    rows,
    Array.from({ length: rows.count }, (_, i) => i),
  );
}

function pick(rows: LoopRows, places: readonly number[]): OwnRows {
  const copies = Object.entries(rows).flatMap(
    ([name, column]: [string, number | ArrayLike<number>]) =>
      typeof column === 'number'
        ? []
        : [[name, Float64Array.from(places, (place) => column[place])] as const],
  );
  return { ...(Object.fromEntries(copies) as Omit<OwnRows, 'count'>), count: places.length };
}

function mostSubmission({ count, submission }: LoopRows): number {
  let most = 0;
  for (let i = 0; i < count; i++) most = Math.max(most, submission[i]);
  return most;
}
