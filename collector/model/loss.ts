// Counts what was seen, kept, lost and skipped, where it happens. Keeps the first places of loss in
// full and counts the rest, so that a hostile log cannot fill memory.

import type { LossDetail, Tally } from './header.ts';

const DETAILS_KEPT = 64;

export class LossLog {
  seen = 0;
  lost = 0;
  skipped = 0;
  readonly details: LossDetail[] = [];

  /** Counts `lost` events that were seen but could not be kept. */
  add(at: number, unit: LossDetail['unit'], reason: string, lost = 1): void {
    this.seen += lost;
    this.lost += lost;
    const last = this.details.at(-1);
    if (last !== undefined && last.reason === reason && last.unit === unit && last.at === at) {
      last.lost += lost;
    } else if (this.details.length < DETAILS_KEPT) {
      this.details.push({ at, unit, lost, reason });
    }
  }

  tally(): Tally {
    return { seen: this.seen, kept: this.seen - this.lost, lost: this.lost, skipped: this.skipped };
  }
}
