// From stamps of what was issued to how far that was from what was asked.

export interface Stamps {
  /** ns from the run's start. */
  readonly dueNs: Float64Array;
  readonly issuedNs: Float64Array;
}

export interface IssueError {
  readonly requests: number;
  readonly p50_ns: number;
  readonly p99_ns: number;
  readonly p999_ns: number;
  readonly max_ns: number;
  /** Share of the requests more than 10 µs late. */
  readonly share_over_10us: number;
  /** Lateness of the last minus that of the first. */
  readonly drift_ns: number;
  /** Median lateness of the last thousand minus that of the first: a clock that runs off, not one late step. */
  readonly median_drift_ns: number;
  /** Median distance of each gap from the asked one. */
  readonly gap_p50_ns: number;
}

const ALIGNED_ON = 2_000;
const DRIFT_OVER = 1_000;

/**
 * An observer does not know a peer's start. For `isAligned` it is taken so that of the first 2,000 requests
 * a tenth is early: what is late at the start shall not make all that follows look early. The errors are
 * then distances to both sides.
 */
export function issueError({ dueNs, issuedNs }: Stamps, isAligned: boolean): IssueError {
  const count = Math.min(dueNs.length, issuedNs.length);
  const raw = Float64Array.from({ length: count }, (_, i) => issuedNs[i] - dueNs[i]);
  const offset = isAligned ? rank(raw.slice(0, ALIGNED_ON).sort(), 0.1) : 0;
  const signed = raw.map((value) => value - offset);
  const error = signed.map((value) => Math.abs(value)).sort();
  const gaps = Float64Array.from({ length: Math.max(0, count - 1) }, (_, i) =>
    Math.abs(raw[i + 1] - raw[i]),
  ).sort();
  return {
    requests: count,
    p50_ns: rank(error, 0.5),
    p99_ns: rank(error, 0.99),
    p999_ns: rank(error, 0.999),
    max_ns: rank(error, 1),
    share_over_10us: error.filter((value) => value > 10e3).length / Math.max(1, count),
    drift_ns: count === 0 ? 0 : signed[count - 1] - signed[0],
    median_drift_ns: middle(raw.slice(-DRIFT_OVER)) - middle(raw.slice(0, DRIFT_OVER)),
    gap_p50_ns: rank(gaps, 0.5),
  };
}

function rank(sorted: Float64Array, share: number): number {
  return sorted.length === 0 ? 0 : sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}

const middle = (values: Float64Array): number => rank(values.sort(), 0.5);

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  if (sorted.length === 0) return Number.NaN;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}
