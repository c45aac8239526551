// One run of the `ftrace` source: reads the ring buffers as often as their rate asks for, and has a larger
// instance take over where they fill too fast. Owns the instances: it makes them and takes them away.

import { availableParallelism, release, totalmem } from 'node:os';
import { setImmediate, setTimeout } from 'node:timers/promises';

import { formatCount, formatSize } from '../../base/index.ts';
import type { LiveFacts, LiveOptions, Listening } from '../live-source.ts';
import type { Merger } from '../merger.ts';
import { BufferSize, bufferLimits } from './buffer-size.ts';
import { CLOCK, TraceInstance } from './instance.ts';
import { RingReader } from './ring-reader.ts';

export interface RingPlan {
  readonly root: string;
  /** `system/name` of each. */
  readonly events: readonly string[];
  readonly options: LiveOptions;
  readonly merger: Merger;
}

export class RingListening implements Listening {
  readonly #plan: RingPlan;
  readonly #ring: RingReader;
  readonly #take: () => void;
  readonly #size: BufferSize;
  /** Instances that are there, oldest first; all but the last write no more. */
  readonly #instances: TraceInstance[];
  #growth: Promise<void> | undefined;
  #made = 1;
  #lostBefore = 0;

  private constructor(plan: RingPlan, first: TraceInstance, size: BufferSize) {
    const { merger, events } = plan;
    this.#plan = plan;
    this.#size = size;
    this.#instances = [first];
    const { source, take } = merger.join((rows) => new RingReader(rows, first, events));
    this.#ring = source;
    this.#take = take;
  }

  /** Starts tracing. Throws ToolError with nothing changed. */
  static async open(plan: RingPlan): Promise<RingListening> {
    const { root, events, options } = plan;
    const size = new BufferSize(limitsOf(options));
    const first = await TraceInstance.open(root, { number: 0, bufferBytes: size.bytes, events });
    try {
      const listening = new RingListening(plan, first, size);
      await first.trace(true);
      options.terminal.story(
        `listening to ${events.join(', ')}, clock ${CLOCK}, buffers of ${formatSize(size.bytes)} a CPU`,
      );
      return listening;
    } catch (error) {
      first.remove();
      throw error;
    }
  }

  async run(signal: AbortSignal, step: () => void): Promise<void> {
    while (!signal.aborted) {
      const isMore = this.#ring.step();
      this.#take();
      step();
      this.#watch();
      if (isMore) await setImmediate();
      else await setTimeout(this.#size.pollNs() / 1e6);
    }
  }

  async detach(): Promise<void> {
    await this.#growth;
    try {
      for (const instance of this.#instances) await instance.trace(false);
      this.#ring.finish(this.#take);
    } finally {
      this.#ring.close();
      for (const instance of this.#instances) instance.remove();
    }
    const { lost } = this.#ring.losses;
    if (lost === 0) return;
    this.#plan.options.terminal.warn(
      `${formatCount(lost)} events were lost in the kernel's buffers of at most ${formatSize(this.#size.bytes)} a CPU; larger ones (--buffer) lose fewer`,
    );
  }

  facts(): LiveFacts {
    return {
      kernel: release(),
      detail: `own tracefs instance, ${this.#plan.events.length} events, buffers of ${formatSize(this.#size.bytes)} a CPU`,
      pairs: [clockPair()],
    };
  }

  /** Does the buffer suit the rate, and is an older one done with? */
  #watch(): void {
    if (this.#instances.length > 1 && !this.#ring.isReading(this.#instances[0])) {
      this.#instances.shift()?.remove();
    }
    this.#size.saw(this.#ring.takeBusiest(), this.#ring.nowNs());
    const { lost } = this.#ring.losses;
    const wanted = this.#size.wanted(lost > this.#lostBefore);
    this.#lostBefore = lost;
    const isSettled = this.#growth === undefined && this.#instances.length === 1;
    if (!isSettled || wanted <= this.#size.bytes) return;
    this.#growth = this.#grow(wanted).finally(() => (this.#growth = undefined));
  }

  /** Linux stops tracing while it resizes a buffer, and counts nothing then: a second instance loses nothing. */
  async #grow(bufferBytes: number): Promise<void> {
    const { root, events, options } = this.#plan;
    try {
      const settings = { number: this.#made++, bufferBytes, events };
      await this.#handOver(await TraceInstance.open(root, settings));
      this.#size.bytes = bufferBytes;
      options.terminal.story(
        `buffers of ${formatSize(bufferBytes)} a CPU from now on: one fills at up to ${formatSize(this.#size.peakPerSecond)}/s`,
      );
    } catch (error) {
      this.#size.stay();
      options.terminal.warn(`the kernel's buffers stay as they are: ${String(error)}`);
    }
  }

  /** First the new one is written to, then the older one no more: what both hold is told apart by the cursors. */
  async #handOver(instance: TraceInstance): Promise<void> {
    const older = this.#ring.instance;
    try {
      const onNs = this.#ring.nowNs();
      await instance.trace(true);
      await older.trace(false);
      this.#ring.handOver({ instance, onNs, offNs: this.#ring.nowNs() });
      this.#instances.push(instance);
    } catch (error) {
      instance.remove();
      throw error;
    }
  }
}

function limitsOf({ bufferBytes }: LiveOptions): { startBytes: number; mostBytes: number } {
  if (bufferBytes !== undefined) return { startBytes: bufferBytes, mostBytes: bufferBytes };
  return bufferLimits(totalmem(), availableParallelism());
}

/** Readings of the monotonic clock and of the time of day, taken together. */
function clockPair(): { readonly at: string; readonly other: string; readonly other_at: string } {
  const at = process.hrtime.bigint(); // CLOCK_MONOTONIC, as the trace clock mono
  return { at: String(at), other: 'realtime', other_at: String(BigInt(Date.now()) * 1_000_000n) };
}
