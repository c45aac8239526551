// The keyed permutation of pages. It is an automorphism of the binary tree of aligned blocks: the two
// halves of a block change places or not, as the key says, so that every naturally aligned power-of-two
// block becomes one again and blocks inside blocks stay so. Where a cluster touches a border of a block or
// of its halves, the halves stay: so a cluster moves as a whole, and touching ranges stay touching.

import { createHmac } from 'node:crypto';

import type { Cluster } from './clusters.ts';

/** Levels of halves that may change places; address bits above (canonical halves, 57 bits) stay. */
const LEVELS = 35;
/** Pages that one address space of 2^47 bytes holds: nothing moves from one to another. */
export const SPACE_PAGES = 2 ** LEVELS;
/** A choice that brings two clusters together is drawn again so often, then the halves stay. */
const REDRAWS = 8;

export class AddressPermutation {
  readonly #clusters: readonly Cluster[];
  readonly #starts: Float64Array;
  readonly #images: Float64Array;
  readonly #halves: Halves;

  constructor(clusters: readonly Cluster[], key: Uint8Array) {
    this.#clusters = clusters;
    this.#starts = Float64Array.from(clusters, (cluster) => cluster.start);
    this.#halves = new Halves(this.#starts, clusters, key);
    this.#images = new Float64Array(clusters.length);
    // Clusters that did not touch must not touch now; each round draws again where two came together.
    do this.#place();
    while (this.#part());
  }

  /** Where page `page` of some cluster went. */
  map(page: number): number {
    const at = lastAtMost(this.#starts, page);
    return page - this.#starts[at] + this.#images[at];
  }

  #place(): void {
    this.#starts.forEach((start, i) => {
      this.#images[i] = this.#halves.image(start);
    });
  }

  /** Draws again for clusters that came to touch. False where there are none. */
  #part(): boolean {
    const order = Array.from(this.#images.keys()).sort((a, b) => this.#images[a] - this.#images[b]);
    let found = false;
    for (let i = 1; i < order.length; i++) {
      const [before, after] = [order[i - 1], order[i]];
      const { start, end } = this.#clusters[before];
      if (this.#images[before] + end - start !== this.#images[after]) continue;
      this.#halves.redraw(end - 1, this.#clusters[after].start);
      found = true;
    }
    return found;
  }
}

/** For each block of 2^(level+1) pages: do its halves change places? */
class Halves {
  readonly #starts: Float64Array;
  readonly #clusters: readonly Cluster[];
  readonly #key: Uint8Array;
  readonly #swapped: Map<number, boolean>[] = levels();
  readonly #draws: Map<number, number>[] = levels();

  constructor(starts: Float64Array, clusters: readonly Cluster[], key: Uint8Array) {
    this.#starts = starts;
    this.#clusters = clusters;
    this.#key = key;
  }

  image(page: number): number {
    let image = page;
    for (let level = 0; level < LEVELS; level++) {
      const half = 2 ** level;
      if (!this.#isSwapped(level, Math.floor(page / (2 * half)))) continue;
      image += Math.floor(page / half) % 2 === 0 ? half : -half;
    }
    return image;
  }

  /** Two pages must not come to lie side by side: draws again all that could have brought them there. */
  redraw(a: number, b: number): void {
    for (let level = 0; level < LEVELS; level++) {
      const [blockA, blockB] = [a, b].map((page) => Math.floor(page / 2 ** (level + 1)));
      for (const block of new Set([blockA, blockB])) {
        this.#draws[level].set(block, (this.#draws[level].get(block) ?? 0) + 1);
        this.#swapped[level].delete(block);
      }
      if (blockA === blockB) return; // the smallest block that holds both
    }
  }

  #isSwapped(level: number, block: number): boolean {
    const known = this.#swapped[level].get(block);
    if (known !== undefined) return known;
    const draw = this.#draws[level].get(block) ?? 0;
    const swapped =
      draw <= REDRAWS && !this.#isHeld(level, block) && this.#bit(`${level} ${block} ${draw}`);
    this.#swapped[level].set(block, swapped);
    return swapped;
  }

  /** True where a cluster goes through a border of the block or of its halves. */
  #isHeld(level: number, block: number): boolean {
    const half = 2 ** level;
    const start = block * 2 * half;
    return [start, start + half, start + 2 * half].some((border) => {
      const at = lastAtMost(this.#starts, border);
      return this.#starts[at] < border && border < this.#clusters[at].end;
    });
  }

  #bit(text: string): boolean {
    return (createHmac('sha256', this.#key).update(text).digest()[0] & 1) === 1;
  }
}

const levels = <T>(): Map<number, T>[] =>
  Array.from({ length: LEVELS }, () => new Map<number, T>());

/** Index of the last of ascending `values` that is at most `value`; 0 where none is. */
function lastAtMost(values: Float64Array, value: number): number {
  let low = 0;
  let high = values.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (values[middle] <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}
