// What the closed loop needs to know of each captured row, as columns: whose it is, when it came, what it
// holds up. Nothing of encodings and ranges.

/** What a row means to the closed loop (design §13, rules 3, 6 and 10). */
export const ROW = {
  /** Not replayable and not a configuration: makes no entry, anchors think times. */
  other: 0,
  /** A replayable request: one entry. */
  request: 1,
  /** Its waiter stands still until it is released. */
  barrier: 2,
  /** A configuration row: no entry moves across it (design §5). */
  configuration: 3,
} as const;

/** A target of this number: each entry is a call of its own. */
export const EACH_ENTRY = -1;

/** Rows in capture order; every array has at least `count` elements. */
export interface LoopRows {
  readonly count: number;
  /** Sequence number of the row in its recording; ascending. */
  readonly seq: ArrayLike<number>;
  /** ns from the recording's start. */
  readonly tNs: ArrayLike<number>;
  readonly stream: ArrayLike<number>;
  readonly waiter: ArrayLike<number>;
  /** Doorbell that made the row visible; 0 where the source shows none. */
  readonly submission: ArrayLike<number>;
  /** A ROW. */
  readonly what: ArrayLike<number>;
  /** Of requests: the lock that the guest's driver holds from request to release. */
  readonly lock: ArrayLike<number>;
  /** Of requests: what one call serves. */
  readonly target: ArrayLike<number>;
  /** Of requests: kinds that a barrier separates never share a call; columns as in an EventBatch. */
  readonly kind: ArrayLike<number>;
  readonly scope: ArrayLike<number>;
  readonly flags: ArrayLike<number>;
  readonly present: ArrayLike<number>;
  readonly domainId: ArrayLike<number>;
  readonly pasid: ArrayLike<number>;
  readonly sourceId: ArrayLike<number>;
  readonly page: ArrayLike<number>;
  readonly pages: ArrayLike<number>;
  /** Of requests: commands of the dialect that say it. */
  readonly commands: ArrayLike<number>;
}
