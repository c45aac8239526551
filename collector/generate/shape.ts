// What a generated recording looks like: how requests arrive, what they ask for, where barriers stand. Plain
// data, so that it can be stated on a command line, measured from a recording, or written in a test.

/** Gaps between the requests of a stream, ns. */
export type Arrivals =
  | { readonly kind: 'constant'; readonly gapNs: number }
  | { readonly kind: 'poisson'; readonly meanGapNs: number }
  | {
      readonly kind: 'bursts';
      readonly size: number;
      /** Inside a burst, and the mean between the ends and beginnings of bursts. */
      readonly insideNs: number;
      readonly betweenNs: number;
    }
  | {
      /** Gaps by power of two, each drawn given the one before: keeps the bursts of a real recording. */
      readonly kind: 'measured';
      readonly buckets: readonly GapBucket[];
    };

export interface GapBucket {
  readonly log2: number;
  readonly meanNs: number;
  /** Weight of each bucket (by its place in the list) to follow this one. */
  readonly next: readonly number[];
}

export interface WeightedValue {
  readonly value: number;
  readonly weight: number;
}

export interface Shape {
  readonly requests: number;
  readonly streams: number;
  /** Who ask through a stream, each with arrivals of its own; 0: nothing says who waits. */
  readonly waiters: number;
  readonly arrivals: Arrivals;
  /** Pages of a range. */
  readonly pages: readonly WeightedValue[];
  /** Share of ranges that begin where the one before ended. */
  readonly locality: number;
  /** Addresses come from so many pages. */
  readonly workingSetPages: number;
  /** Requests between two barriers; empty for none. */
  readonly perBarrier: readonly WeightedValue[];
  /** From the last request to its barrier, ns. */
  readonly barrierDelayNs: number;
  readonly domains: number;
  /** 0: requests without PASID, as legacy mode has them. */
  readonly pasids: number;
  readonly leafShare: number;
  /** Share of requests that begin the unmapping of a large region, in ranges of `chunkPages`, one barrier. */
  readonly largeUnmap: {
    readonly share: number;
    readonly pages: number;
    readonly chunkPages: number;
  };
  /** Share of requests that ask for a whole PASID (or domain), as when an address space goes away. */
  readonly teardownShare: number;
}

export const DEFAULT_SHAPE: Shape = {
  requests: 100_000,
  streams: 1,
  waiters: 0,
  arrivals: { kind: 'poisson', meanGapNs: 50_000 },
  pages: [
    { value: 1, weight: 75 },
    { value: 2, weight: 14 },
    { value: 4, weight: 2 },
    { value: 32, weight: 9 },
  ],
  locality: 0.3,
  workingSetPages: 2 ** 18,
  perBarrier: [{ value: 1, weight: 1 }],
  barrierDelayNs: 3000,
  domains: 1,
  pasids: 1,
  leafShare: 1,
  largeUnmap: { share: 0, pages: 16_384, chunkPages: 512 },
  teardownShare: 0,
};
