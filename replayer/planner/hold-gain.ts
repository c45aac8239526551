// What holding waits back could still save of a recording, whatever else is done: how many ioctls would be
// left with windows of several lengths, and with `drain` if an ioctl took so long. One pass, no plan.

import type { StepBatch } from '../steps/step-batch.ts';

const WINDOWS_NS = [10e3, 50e3, 200e3, 1e6] as const;
const SERVICES_NS = [2e3, 10e3, 50e3] as const;

export interface HoldGain {
  /** ioctls left when everything within so long goes together. */
  readonly window: readonly { readonly ns: number; readonly ioctls: number }[];
  /** ioctls left when each takes so long and takes all that came due meanwhile. */
  readonly drain: readonly { readonly service_ns: number; readonly ioctls: number }[];
}

/** One stream's counters: every length at once, a few comparisons a request. */
class StreamGain {
  readonly windows = new Float64Array(WINDOWS_NS.length);
  readonly drains = new Float64Array(SERVICES_NS.length);
  readonly #openedNs = new Float64Array(WINDOWS_NS.length).fill(Number.NEGATIVE_INFINITY);
  /** When the last ioctl that is planned so far starts. */
  readonly #startNs = new Float64Array(SERVICES_NS.length).fill(Number.NEGATIVE_INFINITY);

  steps({ steps, dueNs }: StepBatch): void {
    for (let step = 0; step < steps; step++) this.#take(dueNs[step]);
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

/** Counts the requests that a planner shows it: its `steps` is a StepSink. */
export class HoldGainCounter {
  readonly #streams = new Map<number, StreamGain>();

  readonly steps = (stream: number, steps: StepBatch): void => {
    let gain = this.#streams.get(stream);
    if (gain === undefined) this.#streams.set(stream, (gain = new StreamGain()));
    gain.steps(steps);
  };

  end(): HoldGain {
    const all = [...this.#streams.values()];
    const sum = (pick: (stream: StreamGain) => number): number =>
      all.reduce((total, stream) => total + pick(stream), 0);
    return {
      window: WINDOWS_NS.map((ns, i) => ({ ns, ioctls: sum((stream) => stream.windows[i]) })),
      drain: SERVICES_NS.map((ns, i) => ({ service_ns: ns, ioctls: sum((one) => one.drains[i]) })),
    };
  }
}
