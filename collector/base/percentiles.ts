// The one percentile rule of the project (design 12): nearest rank, the ⌈p·n⌉-th smallest of n values, shown
// only where at least five values lie beyond it. SQL has the same rule in analysis/queries/nearest-rank.ts.

export interface Percentiles {
  /** Null where too few samples lie beyond it to say. */
  readonly p50: number | null;
  readonly p90: number | null;
  readonly p99: number | null;
  readonly p999: number | null;
  /** Null only where there are no samples at all. */
  readonly max: number | null;
}

/** This many samples must lie beyond a percentile: n·(1 − p) ≥ 5. */
export const FEWEST_BEYOND = 5;
/** 0.99 × 700 is 693.0000000000001 as doubles: ranks are whole numbers up to this. */
export const RANK_SLACK = 1e-6;

/** The rank, from 1, of percentile `share` among `count` values. */
export function rankOf(share: number, count: number): number {
  return Math.max(1, Math.ceil(share * count - RANK_SLACK));
}

/** Whether enough of `count` samples lie beyond `share` to show it. */
export function isShown(share: number, count: number): boolean {
  return count * (1 - share) >= FEWEST_BEYOND - RANK_SLACK;
}

/** The ⌈share·n⌉-th smallest of values in ascending order; null where too few lie beyond it. */
export function nearestRank(sorted: ArrayLike<number>, share: number): number | null {
  return isShown(share, sorted.length) ? sorted[rankOf(share, sorted.length) - 1] : null;
}

/** Sorts `samples` in place. */
export function percentiles(samples: Float64Array): Percentiles {
  samples.sort();
  return {
    p50: nearestRank(samples, 0.5),
    p90: nearestRank(samples, 0.9),
    p99: nearestRank(samples, 0.99),
    p999: nearestRank(samples, 0.999),
    max: samples.length === 0 ? null : samples[samples.length - 1],
  };
}

/** The middle value; between the middle two of an even number. NaN of none. */
export function median(values: readonly number[]): number {
  if (values.length === 0) return Number.NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
