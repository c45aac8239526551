// One pass over a recording's batches: the counts and distributions that `info` prints. Owns no I/O.

import type { EventBatch } from './event-batch.ts';
import { PRESENT } from './columns.ts';
import {
  ALL_PAGES,
  GRANULARITIES,
  KIND,
  KINDS,
  granularityIndex,
  isRequest,
} from './vocabulary.ts';

/** Buckets of a power-of-two histogram of range sizes: pages 1, 2, 3–4, 5–8, …, everything. */
const SIZE_BUCKETS = 53;
const GAP_BUCKETS = 64;
/** Requests per barrier interval are counted one by one up to this, together above. */
const PER_BARRIER_LIMIT = 1024;

export interface StreamCount {
  readonly id: number;
  readonly name: string;
  readonly events: number;
  readonly requests: number;
  readonly barriers: number;
}

export class TraceSummary {
  events = 0;
  readonly byKind = new Float64Array(KINDS.length);
  readonly byScope = new Float64Array(GRANULARITIES.length);
  /** iotlb ranges by ceil(log2(pages)). */
  readonly bySize = new Float64Array(SIZE_BUCKETS);
  /** Gaps between requests of one stream by floor(log2(ns)); index 0 holds 0 and 1 ns. */
  readonly byGap = new Float64Array(GAP_BUCKETS);
  /** Barrier intervals by the number of requests in them. */
  readonly perBarrier = new Float64Array(PER_BARRIER_LIMIT + 1);
  submissions = 0;
  backwards = 0;
  firstNs = Number.POSITIVE_INFINITY;
  lastNs = Number.NEGATIVE_INFINITY;
  /** Most requests that fell into one second and into one millisecond of the recording. */
  busiestSecond = 0;
  busiestMillisecond = 0;
  readonly #streams = new Map<number, StreamState>();
  #second = new WindowCount(1e9);
  #millisecond = new WindowCount(1e6);

  get requests(): number {
    return this.byKind.reduce((sum, count, kind) => sum + (isRequest(kind) ? count : 0), 0);
  }

  get barriers(): number {
    return this.byKind[KIND.barrier];
  }

  get durationNs(): number {
    return this.events === 0 ? 0 : this.lastNs - this.firstNs;
  }

  add(batch: EventBatch): void {
    const { count, tNs, stream, kind, scope, present, pages, submission } = batch;
    this.events += count;
    let state: StreamState | undefined;
    let stateOf = -1;
    for (let i = 0; i < count; i++) {
      const time = tNs[i];
      const code = kind[i];
      this.byKind[code]++;
      if (time < this.firstNs) this.firstNs = time;
      if (time > this.lastNs) this.lastNs = time;
      if (state === undefined || stream[i] !== stateOf) {
        stateOf = stream[i];
        state = this.#stream(stateOf);
      }
      state.events++;
      if (time < state.lastNs) this.backwards++;
      if (submission[i] !== 0 && submission[i] !== state.submission) this.submissions++;
      state.submission = submission[i];
      if (code === KIND.barrier) {
        this.perBarrier[Math.min(state.interval, PER_BARRIER_LIMIT)]++;
        state.interval = 0;
        state.barriers++;
      } else if (isRequest(code)) {
        state.requests++;
        if (state.lastRequestNs !== undefined) {
          const gap = Math.max(1, time - state.lastRequestNs);
          this.byGap[Math.floor(Math.log2(gap))]++;
        }
        state.lastRequestNs = time;
        state.interval++;
        this.busiestSecond = Math.max(this.busiestSecond, this.#second.add(time));
        this.busiestMillisecond = Math.max(this.busiestMillisecond, this.#millisecond.add(time));
      }
      state.lastNs = time;
      if (code === KIND.iotlb) {
        this.byScope[granularityIndex(scope[i], present[i])]++;
        if ((present[i] & PRESENT.range) !== 0) {
          this.bySize[pages[i] >= ALL_PAGES ? 52 : Math.ceil(Math.log2(pages[i]))]++;
        }
      }
    }
  }

  streams(
    names: readonly { readonly index: number; readonly name: string }[],
  ): readonly StreamCount[] {
    const nameOf = new Map(names.map((entry) => [entry.index, entry.name]));
    const ids = new Set([...nameOf.keys(), ...this.#streams.keys()]);
    return [...ids]
      .sort((a, b) => a - b)
      .map((id) => {
        const state = this.#streams.get(id) ?? new StreamState();
        return {
          id,
          name: nameOf.get(id) ?? `stream ${id}`,
          events: state.events,
          requests: state.requests,
          barriers: state.barriers,
        };
      });
  }

  #stream(id: number): StreamState {
    let state = this.#streams.get(id);
    if (state === undefined) {
      state = new StreamState();
      this.#streams.set(id, state);
    }
    return state;
  }
}

class StreamState {
  events = 0;
  requests = 0;
  barriers = 0;
  /** Requests since the last barrier. */
  interval = 0;
  submission = 0;
  lastNs = Number.NEGATIVE_INFINITY;
  lastRequestNs: number | undefined;
}

/** Counts in aligned windows of `width` ns; good for times that mostly ascend. */
class WindowCount {
  readonly #width: number;
  #window = Number.NaN;
  #count = 0;

  constructor(width: number) {
    this.#width = width;
  }

  add(time: number): number {
    const window = Math.floor(time / this.#width);
    if (window !== this.#window) {
      this.#window = window;
      this.#count = 0;
    }
    return ++this.#count;
  }
}
