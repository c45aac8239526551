// What holding waits back could still save of a recording, whatever else is done: how many ioctls would be
// left with windows of several lengths, and with `drain` if an ioctl took so long. One pass, no plan.

import type { EventBatch } from '../../collector/model/index.ts';
import type { Dialect } from '../dialects/index.ts';
import { RequestSource } from './requests.ts';
import { StepBatch } from './step-batch.ts';

const WINDOWS_NS = [10e3, 50e3, 200e3, 1e6] as const;
const SERVICES_NS = [2e3, 10e3, 50e3] as const;

export interface HoldGain {
  readonly requests: number;
  /** Intervals that hold one request: nothing to merge there. */
  readonly single_intervals: number;
  readonly barrier_intervals: number;
  /** ioctls left when everything within so long goes together. */
  readonly window: readonly { readonly ns: number; readonly ioctls: number }[];
  /** ioctls left when each takes so long and takes all that came due meanwhile. */
  readonly drain: readonly { readonly service_ns: number; readonly ioctls: number }[];
}

/** One stream's counters: every length at once, a few comparisons a request. */
class StreamGain {
  readonly source: RequestSource;
  readonly steps = new StepBatch();
  readonly windows = new Float64Array(WINDOWS_NS.length);
  readonly drains = new Float64Array(SERVICES_NS.length);
  readonly #openedNs = new Float64Array(WINDOWS_NS.length).fill(Number.NEGATIVE_INFINITY);
  /** When the last ioctl that is planned so far starts. */
  readonly #startNs = new Float64Array(SERVICES_NS.length).fill(Number.NEGATIVE_INFINITY);

  constructor(dialect: Dialect) {
    this.source = new RequestSource(dialect);
  }

  flow(): void {
    for (let step = 0; step < this.steps.steps; step++) this.#take(this.steps.dueNs[step]);
    this.steps.dropCommitted();
  }

  #take(dueNs: number): void {
    for (let i = 0; i < WINDOWS_NS.length; i++) {
      if (dueNs <= this.#openedNs[i] + WINDOWS_NS[i]) continue;
      this.#openedNs[i] = dueNs;
      this.windows[i]++;
    }
    for (let i = 0; i < SERVICES_NS.length; i++) {
      // Due by the start of the last ioctl: it goes with it. Else the next starts when that one returns.
      if (dueNs <= this.#startNs[i]) continue;
      this.#startNs[i] = Math.max(dueNs, this.#startNs[i] + SERVICES_NS[i]);
      this.drains[i]++;
    }
  }
}

export class HoldGainCounter {
  readonly #streams = new Map<number, StreamGain>();
  readonly #dialect: Dialect;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  /** Hands on what it has counted. */
  *watch(batches: Iterable<EventBatch>): Generator<EventBatch> {
    for (const batch of batches) {
      this.#take(batch);
      yield batch;
    }
  }

  end(): HoldGain {
    const all = [...this.#streams.values()];
    for (const stream of all) {
      stream.source.end(stream.steps);
      stream.flow();
    }
    return gainOf(all);
  }

  #take(batch: EventBatch): void {
    for (let row = 0; row < batch.count; row++) {
      let stream = this.#streams.get(batch.stream[row]);
      if (stream === undefined) {
        stream = new StreamGain(this.#dialect);
        this.#streams.set(batch.stream[row], stream);
      }
      stream.source.take(batch, row, stream.steps);
    }
    for (const stream of this.#streams.values()) stream.flow();
  }
}

function gainOf(all: readonly StreamGain[]): HoldGain {
  const sum = (pick: (stream: StreamGain) => number): number =>
    all.reduce((total, stream) => total + pick(stream), 0);
  return {
    requests: sum((stream) => stream.source.replayable),
    single_intervals: sum((stream) => stream.source.singleIntervals),
    barrier_intervals: sum((stream) => stream.source.barrierIntervals),
    window: WINDOWS_NS.map((ns, i) => ({ ns, ioctls: sum((stream) => stream.windows[i]) })),
    drain: SERVICES_NS.map((ns, i) => ({ service_ns: ns, ioctls: sum((one) => one.drains[i]) })),
  };
}
