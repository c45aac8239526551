// Garbage collections of this thread's heap: forces one before a run, and counts those during it.

import { PerformanceObserver, performance, type PerformanceEntry } from 'node:perf_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

export class CollectionWatch {
  readonly #seen: PerformanceEntry[] = [];
  readonly #observer: PerformanceObserver;

  constructor() {
    this.#observer = new PerformanceObserver((list) => this.#seen.push(...list.getEntries()));
    this.#observer.observe({ entryTypes: ['gc'] });
  }

  /** A moment to hand to `between`. */
  mark(): number {
    return performance.now();
  }

  /** Node hands collections over between two turns of the event loop; this waits for that. */
  async between(from: number, to: number): Promise<number> {
    for (let i = 0; i < 3; i++) await turn();
    this.#seen.push(...this.#observer.takeRecords());
    this.#observer.disconnect();
    return this.#seen.filter(
      (entry) => entry.startTime + entry.duration > from && entry.startTime < to,
    ).length;
  }
}

/** One full collection, now. */
export function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  gc();
}
