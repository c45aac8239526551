// Loss that the ring buffer itself reports, counted where it happens.

import type { LossLog } from '../../model/index.ts';
import type { GuestEvents } from './guest-events.ts';
import type { PageLoss } from './ring-page.ts';

/** Counts what was lost before a page (at least one event). Nothing that comes after joins what came before. */
export function countLost(
  losses: LossLog,
  events: GuestEvents,
  { cpu, count, after, before }: PageLoss,
): void {
  losses.addPlace({
    at: cpu,
    unit: 'cpu',
    lost: Math.max(1, count),
    reason: count > 0 ? 'overrun' : 'overrun, number not told',
    ...times(after, before, events.firstRow),
  });
  events.end();
}

/** Before the first row there is no time to count from: the recording starts with it. */
function times(
  after: number,
  before: number,
  start: number,
): { readonly from_ns?: number; readonly to_ns?: number } {
  if (Number.isNaN(start)) return {};
  return {
    ...(Number.isNaN(after) ? {} : { from_ns: after - start }),
    to_ns: before - start,
  };
}
