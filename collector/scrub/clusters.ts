// The clusters of a recording's ranges: maximal stretches of pages in which every two ranges that touch
// or overlap lie together. What is related stays inside one cluster; clusters never touch each other.

import { ALL_PAGES, PRESENT, type EventBatch } from '../model/index.ts';

/** Pages `start … end - 1`. */
export interface Cluster {
  readonly start: number;
  readonly end: number;
}

/** So many stretches are collected before they are merged; bounds memory by what does not merge. */
const MERGE_EVERY = 1 << 20;

export class ClusterFinder {
  #stretches: Cluster[] = [];
  #limit = MERGE_EVERY;

  add(batch: EventBatch): void {
    const { count, present, page, pages } = batch;
    for (let i = 0; i < count; i++) {
      if ((present[i] & PRESENT.range) === 0 || pages[i] >= ALL_PAGES || pages[i] === 0) continue;
      this.#stretches.push({ start: page[i], end: page[i] + pages[i] });
      if (this.#stretches.length >= this.#limit) this.#merge();
    }
  }

  /** The clusters in the order of their addresses. */
  clusters(): readonly Cluster[] {
    this.#merge();
    return this.#stretches;
  }

  #merge(): void {
    this.#stretches = mergeTouching(this.#stretches);
    this.#limit = Math.max(MERGE_EVERY, 2 * this.#stretches.length);
  }
}

/** Stretches that touch or overlap become one; the result ascends and has gaps everywhere. */
export function mergeTouching(stretches: readonly Cluster[]): Cluster[] {
  const sorted = [...stretches].sort((a, b) => a.start - b.start);
  const merged: { start: number; end: number }[] = [];
  for (const { start, end } of sorted) {
    const last = merged.at(-1);
    if (last !== undefined && start <= last.end) last.end = Math.max(last.end, end);
    else merged.push({ start, end });
  }
  return merged;
}
