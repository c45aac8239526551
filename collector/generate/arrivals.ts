// The gaps between a stream's requests, drawn one after the other as the arrival process says.

import { assertUnreachable } from '../base/index.ts';
import { Weighted, type Random } from '../base/index.ts';
import type { Arrivals } from './shape.ts';

export class GapSource {
  readonly #arrivals: Arrivals;
  readonly #random: Random;
  readonly #follows: readonly Weighted[];
  #inBurst = 0;
  #bucket = 0;

  constructor(arrivals: Arrivals, random: Random) {
    this.#arrivals = arrivals;
    this.#random = random;
    this.#follows =
      arrivals.kind === 'measured'
        ? arrivals.buckets.map((bucket) => new Weighted(bucket.next))
        : [];
  }

  /** ns until the next request. */
  next(): number {
    const arrivals = this.#arrivals;
    switch (arrivals.kind) {
      case 'constant':
        return arrivals.gapNs;
      case 'poisson':
        return this.#random.exponential(arrivals.meanGapNs);
      case 'bursts':
        this.#inBurst = (this.#inBurst + 1) % arrivals.size;
        return this.#inBurst === 0
          ? this.#random.exponential(arrivals.betweenNs)
          : arrivals.insideNs;
      case 'measured':
        return this.#measured(arrivals);
      default:
        return assertUnreachable(arrivals);
    }
  }

  #measured({ buckets }: Extract<Arrivals, { kind: 'measured' }>): number {
    if (buckets.length === 0) return 0;
    const follows = this.#follows[this.#bucket];
    this.#bucket = follows.total === 0 ? 0 : follows.draw(this.#random);
    const { meanNs, log2 } = buckets[this.#bucket];
    // Even around the mean, inside the bucket: the mean of the bucket stays what it was.
    const half = Math.min(meanNs - 2 ** log2, 2 ** (log2 + 1) - meanNs);
    return Math.max(0, meanNs + (2 * this.#random.unit() - 1) * Math.max(0, half));
  }
}
