// Loss that the ring buffer itself reports, counted where it happens.

import type { LossLog } from '../../model/index.ts';
import type { GuestEvents } from './guest-events.ts';

/** Counts what was lost before a page (at least one event). Nothing that comes after joins what came before. */
export function countLost(
  losses: LossLog,
  events: GuestEvents,
  lost: { readonly cpu: number; readonly page: number; readonly count: number },
): void {
  const told = lost.count > 0 ? '' : ', number not told';
  losses.add(lost.cpu, 'cpu', `overrun before page ${lost.page}${told}`, Math.max(1, lost.count));
  events.end();
}
