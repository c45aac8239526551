// Counts what was seen, kept, lost and skipped, where it happens. Keeps the first places of loss in
// full and counts the rest, so that a hostile log cannot fill memory.

import type { LossDetail, Tally } from './header.ts';

const PLACES_KEPT = 64;
/** CPUs and reasons whose further losses are summed. */
const SUMS_KEPT = 1024;

export class LossLog {
  seen = 0;
  lost = 0;
  skipped = 0;
  readonly details: LossDetail[] = [];
  /** Losses of a CPU beyond the places kept in full: one sum for each CPU and reason. */
  readonly #sums = new Map<string, LossDetail>();
  #taken = 0;

  /** Counts `lost` events that were seen but could not be kept. */
  add(at: number, unit: LossDetail['unit'], reason: string, lost = 1): void {
    this.addPlace({ at, unit, lost, reason });
  }

  addPlace(place: LossDetail): void {
    this.seen += place.lost;
    this.lost += place.lost;
    const last = this.#taken < this.details.length ? this.details.at(-1) : undefined;
    if (last !== undefined && isSamePlace(last, place)) last.lost += place.lost;
    else if (this.details.length < PLACES_KEPT) this.details.push({ ...place });
    else if (place.unit === 'cpu') this.#sum(place);
  }

  /** Places since the last call. */
  take(): readonly LossDetail[] {
    const fresh = this.details.slice(this.#taken);
    this.#taken = this.details.length;
    return fresh;
  }

  /** What no place was left for, since the last call. */
  takeSums(): readonly LossDetail[] {
    const sums = [...this.#sums.values()];
    this.#sums.clear();
    return sums;
  }

  tally(): Tally {
    return { seen: this.seen, kept: this.seen - this.lost, lost: this.lost, skipped: this.skipped };
  }

  #sum(place: LossDetail): void {
    const key = `${place.at} ${place.reason}`;
    const sum = this.#sums.get(key);
    if (sum === undefined) {
      if (this.#sums.size < SUMS_KEPT) this.#sums.set(key, { ...place });
      return;
    }
    sum.lost += place.lost;
    sum.to_ns = place.to_ns;
  }
}

/** `loss` in a recording whose time starts `shiftNs` earlier. */
export function shiftLoss(loss: LossDetail, shiftNs: number): LossDetail {
  const moved = (ns: number | undefined): number | undefined =>
    ns === undefined ? undefined : ns + shiftNs;
  return { ...loss, from_ns: moved(loss.from_ns), to_ns: moved(loss.to_ns) };
}

/** Losses that tell their times are places of their own. */
function isSamePlace(last: LossDetail, place: LossDetail): boolean {
  return (
    last.reason === place.reason &&
    last.unit === place.unit &&
    last.at === place.at &&
    last.to_ns === undefined &&
    place.to_ns === undefined
  );
}
