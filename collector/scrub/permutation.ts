// Moves every cluster as a whole, by a multiple of its enclosing aligned block, to a place that a key
// chooses. Inside a cluster everything stays: equality, order, adjacency, alignment, distances. Clusters
// keep apart; their order and their distances from each other do not survive, and neither does the key.

import { createHmac } from 'node:crypto';

import { ToolError } from '../base/index.ts';
import { enclosingBlock, type Cluster } from './clusters.ts';

/** Address bits below this one move; those above (canonical halves, 57-bit spaces) stay. 2^47 bytes. */
const SPACE_PAGES = 2 ** 35;
/** Places tried with all enclosing blocks apart, then with only the clusters apart. */
const TRIES_APART = 64;
const TRIES = 4096;

interface Placed {
  readonly start: number;
  readonly end: number;
}

export class AddressPermutation {
  readonly #starts: Float64Array;
  readonly #deltas: Float64Array;
  /** Clusters too large to move anywhere else; they stay in place. */
  readonly unmoved: number;

  constructor(clusters: readonly Cluster[], key: Uint8Array) {
    this.#starts = Float64Array.from(clusters, (cluster) => cluster.start);
    this.#deltas = new Float64Array(clusters.length);
    const places = new Places();
    // Large blocks have the fewest places: they choose first.
    const order = clusters
      .map((cluster, index) => ({ cluster, index, block: enclosingBlock(cluster) }))
      .sort((a, b) => b.block - a.block || a.cluster.start - b.cluster.start);
    let unmoved = 0;
    for (const { cluster, index, block } of order) {
      if (block >= SPACE_PAGES) unmoved++;
      else this.#deltas[index] = place(cluster, block, { places, key }) - cluster.start;
      const start = cluster.start + this.#deltas[index];
      places.take({ start, end: start + cluster.end - cluster.start });
    }
    this.unmoved = unmoved;
  }

  /** Where page `page` of some cluster went. */
  map(page: number): number {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#starts[middle] <= page) low = middle;
      else high = middle - 1;
    }
    return page + this.#deltas[low];
  }
}

function place(
  cluster: Cluster,
  block: number,
  by: { readonly places: Places; readonly key: Uint8Array },
): number {
  const space = Math.floor(cluster.start / SPACE_PAGES) * SPACE_PAGES;
  const inBlock = cluster.start % block;
  const slots = SPACE_PAGES / block;
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const slot = keyedNumber(by.key, cluster.start, attempt) % slots;
    const base = space + slot * block;
    const start = base + inBlock;
    const taken =
      attempt < TRIES_APART
        ? { start: base, end: base + block }
        : { start, end: start + cluster.end - cluster.start };
    if (by.places.isFree(taken)) return start;
  }
  throw new ToolError(
    'E_NOT_SUPPORTED',
    'the ranges fill their address space too densely to be moved apart; nothing was written',
  );
}

/** 48 bits that only the holder of the key can tell from random. */
function keyedNumber(key: Uint8Array, page: number, attempt: number): number {
  return createHmac('sha256', key).update(`page ${page} ${attempt}`).digest().readUIntBE(0, 6);
}

/** What is taken, in buckets of addresses so that a look-up does not walk everything. */
class Places {
  readonly #buckets = new Map<number, Placed[]>();
  readonly #large: Placed[] = [];

  take(placed: Placed): void {
    const first = bucketOf(placed.start);
    const last = bucketOf(placed.end);
    if (last - first > 64) {
      this.#large.push(placed);
      return;
    }
    for (let bucket = first; bucket <= last; bucket++) {
      const list = this.#buckets.get(bucket);
      if (list === undefined) this.#buckets.set(bucket, [placed]);
      else list.push(placed);
    }
  }

  /** True where nothing taken overlaps or touches. */
  isFree(wanted: Placed): boolean {
    const meets = (taken: Placed): boolean =>
      taken.start <= wanted.end && wanted.start <= taken.end;
    if (this.#large.some(meets)) return false;
    const first = bucketOf(wanted.start - 1);
    const last = bucketOf(wanted.end + 1);
    if (last - first > this.#buckets.size) {
      return ![...this.#buckets.values()].some((list) => list.some(meets));
    }
    for (let bucket = first; bucket <= last; bucket++) {
      if (this.#buckets.get(bucket)?.some(meets) === true) return false;
    }
    return true;
  }
}

const bucketOf = (page: number): number => Math.floor(page / 0x10_0000);
