// The lanes of a replay or of a whole comparison: opened once, warm for every run after that.

import { availableParallelism } from 'node:os';

import { Lane } from './lane.ts';
import type { ClassWish } from './thread-class.ts';

export interface LaneOptions {
  /** Lane i is pinned to CPU i of these; there is one lane per CPU. */
  readonly cpus?: readonly number[] | undefined;
  readonly class: ClassWish;
}

export class Lanes {
  readonly #options: LaneOptions;
  readonly #lanes: Lane[] = [];

  constructor(options: LaneOptions) {
    this.#options = options;
  }

  /** One lane per stream, as far as there are CPUs. Throws ToolError. */
  async take(streams: number): Promise<readonly Lane[]> {
    const { cpus } = this.#options;
    const count = Math.max(1, Math.min(streams, cpus?.length ?? availableParallelism()));
    for (let i = this.#lanes.length; i < count; i++)
      this.#lanes.push(await Lane.open({ cpu: cpus?.[i], class: this.#options.class }));
    return this.#lanes.slice(0, count);
  }

  async close(): Promise<void> {
    await Promise.all(this.#lanes.splice(0).map((lane) => lane.close()));
  }
}
