// A replay's total over its barriers that a gap of the machine cannot decide. All arms release the same barriers,
// so each barrier has one value per replay; those far above what the others took for that very barrier are cut
// to a cap. The cap is the same for all arms and knows nothing of their labels, so it favours none.

import { rankOf } from '../../../collector/base/index.ts';

export interface Capped {
  /** Of each replay, in the order given. */
  readonly totals: readonly number[];
  /** What the caps took away from each replay. */
  readonly removed: readonly number[];
}

/**
 * `replays[i]` are the values of replay i by barrier, all of one length. `arms` is how many arms they are of:
 * at most half of one arm's replays may lie above a cap, so a strategy that really takes longer keeps it.
 */
export function cappedTotals(replays: readonly ArrayLike<number>[], arms: number): Capped {
  const barriers = replays[0]?.length ?? 0;
  const totals = replays.map(() => 0);
  const removed = replays.map(() => 0);
  const column = new Float64Array(replays.length);
  const rank = rankOf(1 - 1 / (2 * arms), replays.length);
  for (let barrier = 0; barrier < barriers; barrier++) {
    for (let i = 0; i < replays.length; i++) column[i] = replays[i][barrier];
    const cap = Float64Array.from(column).sort()[rank - 1];
    for (let i = 0; i < replays.length; i++) {
      totals[i] += Math.min(column[i], cap);
      removed[i] += Math.max(0, column[i] - cap);
    }
  }
  return { totals, removed };
}
