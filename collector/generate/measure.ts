// The shape of a recording, so that another with the same statistics can be made of any length: gaps with
// what follows what, range sizes, locality, barriers, who is asked. One pass, bounded memory.

import { ALL_PAGES, FLAG, KIND, PRESENT, SCOPE, type EventBatch } from '../model/index.ts';
import type { GapBucket, Shape, WeightedValue } from './shape.ts';

const GAP_BUCKETS = 60;
const SIZES_KEPT = 4096;
const PER_BARRIER_LIMIT = 1024;

interface StreamState {
  lastNs: number;
  bucket: number;
  interval: number;
  end: number;
}

export class ShapeMeter {
  requests = 0;
  #ranges = 0;
  #whole = 0;
  #leaf = 0;
  #local = 0;
  #withPasid = 0;
  #barrierDelayNs = 0;
  #barriers = 0;
  #lowPage = Number.POSITIVE_INFINITY;
  #highPage = 0;
  readonly #streams = new Map<number, StreamState>();
  readonly #domains = new Set<number>();
  readonly #pasids = new Set<number>();
  readonly #sizes = new Map<number, number>();
  readonly #perBarrier = new Map<number, number>();
  readonly #follows = new Float64Array(GAP_BUCKETS * GAP_BUCKETS);
  readonly #gapCount = new Float64Array(GAP_BUCKETS);
  readonly #gapSum = new Float64Array(GAP_BUCKETS);

  /** Rows that are no IOTLB requests and no barriers are left out: nothing replays them. */
  add(batch: EventBatch): void {
    for (let row = 0; row < batch.count; row++) {
      if (batch.kind[row] === KIND.barrier)
        this.#barrier(this.#state(batch.stream[row]), batch.tNs[row]);
      else if (batch.kind[row] === KIND.iotlb)
        this.#request(batch, row, this.#state(batch.stream[row]));
    }
  }

  /** The shape of what was added, for `requests` requests. */
  shape(requests: number): Shape {
    const share = (part: number, of: number): number => (of === 0 ? 0 : part / of);
    return {
      requests,
      streams: Math.max(1, this.#streams.size),
      waiters: 0,
      arrivals: { kind: 'measured', buckets: this.#gapBuckets() },
      pages: weighted(this.#sizes),
      locality: share(this.#local, this.#ranges),
      workingSetPages: Math.max(1, this.#highPage - this.#lowPage),
      perBarrier: weighted(this.#perBarrier),
      barrierDelayNs: Math.round(share(this.#barrierDelayNs, this.#barriers)),
      domains: Math.max(1, this.#domains.size),
      pasids: this.#withPasid * 2 > this.requests ? this.#pasids.size : 0,
      leafShare: share(this.#leaf, this.#ranges),
      largeUnmap: { share: 0, pages: 1, chunkPages: 1 },
      teardownShare: share(this.#whole, this.requests),
    };
  }

  #request(batch: EventBatch, row: number, state: StreamState): void {
    const present = batch.present[row];
    this.requests++;
    state.interval++;
    if (state.lastNs >= 0) this.#gap(state, Math.max(0, batch.tNs[row] - state.lastNs));
    state.lastNs = Math.max(state.lastNs, batch.tNs[row]);
    if ((present & PRESENT.domainId) !== 0 && this.#domains.size < SIZES_KEPT)
      this.#domains.add(batch.domainId[row]);
    if ((batch.scope[row] & SCOPE.pasid) !== 0) {
      this.#withPasid++;
      if (this.#pasids.size < SIZES_KEPT) this.#pasids.add(batch.pasid[row]);
    }
    if ((present & PRESENT.range) === 0 || batch.pages[row] >= ALL_PAGES) this.#whole++;
    else this.#range(batch, row, state);
  }

  #range(batch: EventBatch, row: number, state: StreamState): void {
    const page = batch.page[row];
    const end = page + batch.pages[row];
    this.#ranges++;
    if ((batch.flags[row] & FLAG.leaf) !== 0) this.#leaf++;
    if (page === state.end) this.#local++;
    state.end = end;
    this.#lowPage = Math.min(this.#lowPage, page);
    this.#highPage = Math.max(this.#highPage, end);
    if (this.#sizes.size < SIZES_KEPT || this.#sizes.has(batch.pages[row]))
      count(this.#sizes, batch.pages[row]);
  }

  #gap(state: StreamState, gapNs: number): void {
    const bucket = gapNs < 1 ? 0 : Math.min(GAP_BUCKETS - 1, Math.floor(Math.log2(gapNs)));
    this.#gapCount[bucket]++;
    this.#gapSum[bucket] += gapNs;
    if (state.bucket >= 0) this.#follows[state.bucket * GAP_BUCKETS + bucket]++;
    state.bucket = bucket;
  }

  #barrier(state: StreamState, tNs: number): void {
    if (state.interval > 0) {
      count(this.#perBarrier, Math.min(state.interval, PER_BARRIER_LIMIT));
      this.#barrierDelayNs += Math.max(0, tNs - state.lastNs);
      this.#barriers++;
    }
    state.interval = 0;
  }

  #gapBuckets(): readonly GapBucket[] {
    const used = Array.from({ length: GAP_BUCKETS }, (_, i) => i).filter(
      (i) => this.#gapCount[i] > 0,
    );
    // The last gap of a stream has no follower: it then draws as any gap does.
    const any = used.map((to) => this.#gapCount[to]);
    return used.map((from) => {
      const next = used.map((to) => this.#follows[from * GAP_BUCKETS + to]);
      return {
        log2: from,
        meanNs: this.#gapSum[from] / this.#gapCount[from],
        next: next.some((weight) => weight > 0) ? next : any,
      };
    });
  }

  #state(stream: number): StreamState {
    let state = this.#streams.get(stream);
    if (state === undefined) {
      state = { lastNs: -1, bucket: -1, interval: 0, end: -1 };
      this.#streams.set(stream, state);
    }
    return state;
  }
}

function count(counts: Map<number, number>, value: number): void {
  counts.set(value, (counts.get(value) ?? 0) + 1);
}

function weighted(counts: ReadonlyMap<number, number>): readonly WeightedValue[] {
  return [...counts]
    .map(([value, weight]) => ({ value, weight }))
    .sort((a, b) => a.value - b.value);
}
