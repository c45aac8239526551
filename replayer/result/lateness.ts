// Where each row's lateness comes from: the replayer or the machine itself, waiting for another stream's call, or
// a queue. A queue behind something late is told from one behind calls that take their time.

import type { RunRows } from './run-rows.ts';

type Columns = Pick<RunRows, 'rows' | 'dueNs' | 'freeNs' | 'issuedNs' | 'completedNs'>;

export interface Lateness {
  /** issued − the later of due and the moment when the thread was free. */
  readonly ownNs: Float64Array;
  /** Waiting for calls of other streams on the same thread. */
  readonly sharedNs: Float64Array;
  /** Of the time that a row queued behind its own stream, what own lateness of earlier rows passed on. */
  readonly carriedNs: Float64Array;
  /** Rows that came due while the one before was being issued: behind its calls, and behind late rows. */
  readonly behindCalls: number;
  readonly behindLate: number;
}

export function latenessOf(columns: Columns): Lateness {
  const { rows, dueNs, freeNs, issuedNs, completedNs } = columns;
  const ownNs = new Float64Array(rows);
  const sharedNs = new Float64Array(rows);
  const carriedNs = new Float64Array(rows);
  let behindCalls = 0;
  let behindLate = 0;
  for (let row = 0; row < rows; row++) {
    const due = dueNs[row];
    const before = row === 0 ? due : completedNs[row - 1];
    const queuedNs = Math.max(0, before - due);
    ownNs[row] = issuedNs[row] - Math.max(freeNs[row], due);
    sharedNs[row] = Math.max(0, freeNs[row] - Math.max(before, due));
    if (queuedNs === 0) continue;
    carriedNs[row] = Math.min(queuedNs, carriedNs[row - 1] + ownNs[row - 1]);
    if (carriedNs[row] > queuedNs / 2) behindLate++;
    else behindCalls++;
  }
  return { ownNs, sharedNs, carriedNs, behindCalls, behindLate };
}
