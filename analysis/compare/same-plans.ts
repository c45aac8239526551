// Which strategies would make the same calls for the same requests at the same moments (design 12): they are replayed
// once. On recorded times the plan's steps say it. In the closed loop calls made in the waiter's own thread are the
// same, however the strategy groups, where a doorbell never brings more than one request and its barrier.

import { stepsDigest } from '../../replayer/planner/index.ts';
import { ROW, type LoopRows } from '../../replayer/closed-loop/rows.ts';
import type { PlannedTrace } from '../../replayer/result/replay.ts';
import { holds } from '../../replayer/strategies/grouping.ts';

/** Two planned recordings with the same key issue the same. */
export function sameKey({ plan, closed }: PlannedTrace): string {
  const { grouping } = plan.chain;
  if (plan.chain.online !== undefined || holds(grouping)) return plan.facts.strategy;
  if (closed === undefined) return `recorded times ${stepsDigest(plan)}`;
  const isWorker = grouping.kind === 'request' && grouping.thread === 'worker';
  if (!isWorker && isOnePerDoorbell(closed.rows)) {
    return `one request per doorbell ${stepsDigest(plan, false)}`;
  }
  return `${grouping.kind} ${isWorker ? 'by a worker' : ''} ${stepsDigest(plan)}`;
}

/** No doorbell and no interval of a stream holds two requests, and each request's barrier came with the same doorbell. */
export function isOnePerDoorbell(rows: readonly LoopRows[]): boolean {
  /** By stream: the doorbell of its open request. */
  const open = new Map<number, number>();
  /** By stream: the doorbell of its last request; 0 where the source shows none. */
  const last = new Map<number, number>();
  for (const batch of rows) {
    for (let row = 0; row < batch.count; row++) {
      const stream = batch.stream[row];
      const doorbell = batch.submission[row];
      const asked = open.get(stream);
      if (batch.what[row] === ROW.request) {
        if (asked !== undefined || (doorbell !== 0 && last.get(stream) === doorbell)) return false;
        open.set(stream, doorbell);
        last.set(stream, doorbell);
      } else if (batch.what[row] === ROW.barrier) {
        if (asked !== undefined && asked !== doorbell) return false;
        open.delete(stream);
      }
    }
  }
  return true;
}
