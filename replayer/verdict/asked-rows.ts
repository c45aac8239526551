// What the guest asked on one stream, as far as some verdict may still look at it. Kept once, whatever the
// number of plans that are judged by it; who covered or released what is each verdict's own.

import { KIND, isContext, type EventBatch } from '../../collector/model/index.ts';
import { AskedBarriers } from './asked-barriers.ts';
import { AskedRequests } from './asked-requests.ts';

/** Running numbers of the oldest request and barrier that somebody still looks at. */
export interface Interest {
  readonly oldestRequest: number;
  readonly oldestBarrier: number;
}

export class AskedRows {
  readonly requests = new AskedRequests();
  readonly barriers = new AskedBarriers();
  /** Latest capture time of the rows so far, ns. */
  nowNs = Number.NEGATIVE_INFINITY;

  /** A row of the stream, in order; `replayable` says whether a plan has to cover it. */
  ask(batch: EventBatch, row: number, replayable: boolean): void {
    if (isContext(batch.kind[row])) return;
    // A time stamp that goes backwards counts as the latest before it: order is what binds.
    const tNs = batch.tNs[row];
    if (tNs > this.nowNs) this.nowNs = tNs;
    if (batch.kind[row] === KIND.barrier) this.barriers.push(batch.firstSeq + row, this.nowNs);
    else if (replayable) this.requests.push(batch, row, this.nowNs);
  }

  /** Forgets what none of `all` looks at any more. */
  forget(all: readonly Interest[]): void {
    const { requests, barriers } = this;
    requests.head = Math.min(requests.tail, ...all.map((one) => one.oldestRequest));
    barriers.head = Math.min(barriers.tail, ...all.map((one) => one.oldestBarrier));
  }
}
