// What the loop left in its columns -> the rows of a result: one per issued group of steps, with the
// sequence numbers it carried and the stall of every barrier it released.

import type { Dialect } from '../dialects/index.ts';
import type { IssuerSession } from '../issuers/issuer.ts';
import type { StreamRun } from '../loop/run.ts';

/** Columns of one stream's rows; times in ns from the common start. */
export interface RunRows {
  readonly stream: number;
  readonly rows: number;
  readonly dueNs: Float64Array;
  readonly issuedNs: Float64Array;
  readonly completedNs: Float64Array;
  readonly entries: Uint32Array;
  readonly entriesDone: Uint32Array;
  readonly errno: Int32Array;
  readonly firstSeq: Float64Array;
  readonly lastSeq: Float64Array;
  readonly calls: Uint32Array;
  readonly steps: Uint32Array;
  /** Stalls of row i: `stallNs[stallEnd[i - 1] … stallEnd[i] - 1]`. */
  readonly stallEnd: Uint32Array;
  readonly stallNs: Float64Array;
  /** Barriers that no step held back: their stall is 0. */
  readonly freeBarriers: number;
}

export function runRows(
  run: Omit<StreamRun, 'report'>,
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
      stallNs[stalls++] = Math.max(0, output.completedNs[row] - captured);
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
