// Exact percentiles by nearest rank over all samples, as `--json` prints them.

export interface Percentiles {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** Sorts `samples` in place. All zero where there are none. */
export function percentiles(samples: Float64Array): Percentiles {
  samples.sort();
  const at = (share: number): number =>
    samples.length === 0 ? 0 : samples[Math.max(0, Math.ceil(share * samples.length) - 1)];
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99), p999: at(0.999), max: at(1) };
}
