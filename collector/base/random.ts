// The one seeded generator: the same seed gives the same recording, order of rounds and resamples, on every
// machine. sfc32, seeded by hashing the seed (both public domain algorithms); 32-bit integer arithmetic only.

export class Random {
  #a = 0;
  #b = 0;
  #c = 0;
  #counter = 1;

  /** `part` makes independent sequences from one seed. */
  constructor(seed: number, part = 0) {
    this.#a = seed | 0;
    this.#b = Math.floor(seed / 2 ** 32) | 0;
    this.#c = part | 0;
    for (let i = 0; i < 16; i++) this.u32();
  }

  /** 0 … 2^32 - 1. */
  u32(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
    return sum >>> 0;
  }

  /** 0 ≤ x < 1. */
  unit(): number {
    return this.u32() / 2 ** 32;
  }

  /** A whole number below `limit`. */
  below(limit: number): number {
    return Math.floor(this.unit() * limit);
  }

  chance(share: number): boolean {
    return this.unit() < share;
  }

  /** Exponentially distributed with this mean: gaps of a Poisson process. */
  exponential(mean: number): number {
    return -Math.log(1 - this.unit()) * mean;
  }
}

/** Draws indices in proportion to weights, by bisection in their running sum. */
export class Weighted {
  readonly #sums: Float64Array;

  constructor(weights: readonly number[]) {
    let sum = 0;
    this.#sums = Float64Array.from(weights, (weight) => (sum += weight));
  }

  /** Sum of all weights; 0 where there is nothing to draw. */
  get total(): number {
    return this.#sums.length === 0 ? 0 : this.#sums[this.#sums.length - 1];
  }

  draw(random: Random): number {
    const at = random.unit() * this.total;
    let low = 0;
    let high = this.#sums.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#sums[middle] > at) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

/** The items in random order (Fisher–Yates). */
export function shuffled<T>(items: readonly T[], random: Random): readonly T[] {
  const out = [...items];
  for (let i = out.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [out[i], out[j]] = [out[j], out[i]];
  }
  return out;
}
