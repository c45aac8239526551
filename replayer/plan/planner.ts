// Recording -> plan, streaming: rows of each stream go through the chain of strategies, and every step
// that comes out is tallied, judged and, where wanted, kept. Memory is one batch plus what is held back.

import type { EventBatch } from '../../collector/model/index.ts';
import type { Dialect } from '../dialects/index.ts';
import type { StrategyChain } from '../strategies/chain.ts';
import type { Stage } from '../strategies/index.ts';
import { StreamVerdict } from '../verdict/verdict.ts';
import { RequestSource } from './requests.ts';
import { StepBatch } from './step-batch.ts';
import { StepTally } from './tally.ts';

/** Rows after which steps move on: a strategy may make hundreds of entries of each, and caches are small. */
const FLOW_ROWS = 4096;

/** Receives the committed steps of a stream; they are forgotten afterwards. */
export type StepSink = (stream: number, steps: StepBatch) => void;

/** One stream on its way through the chain. */
class Lane {
  readonly stream: number;
  readonly source: RequestSource;
  readonly verdict = new StreamVerdict();
  readonly tally: StepTally;
  /** Rows came since the last flow. */
  hasRows = false;
  readonly #stages: readonly Stage[];
  /** Buffer 0 is filled by the source, buffer i + 1 by stage i. */
  readonly #buffers: readonly StepBatch[];
  readonly #sink: StepSink | undefined;

  constructor(stream: number, chain: StrategyChain, dialect: Dialect, sink: StepSink | undefined) {
    this.stream = stream;
    this.source = new RequestSource(dialect);
    this.tally = new StepTally(dialect);
    this.#stages = chain.openStages();
    this.#buffers = [new StepBatch(), ...this.#stages.map(() => new StepBatch())];
    this.#sink = sink;
  }

  take(batch: EventBatch, row: number): void {
    this.hasRows = true;
    const replayable = this.source.take(batch, row, this.#buffers[0]);
    this.tally.ask(batch, row, replayable);
    this.verdict.ask(batch, row, replayable);
  }

  /** Moves what is committed through all stages and out. */
  flow(): void {
    this.hasRows = false;
    this.#stages.forEach((stage, i) => {
      stage.push(this.#buffers[i], this.#buffers[i + 1]);
      this.#buffers[i].dropCommitted();
    });
    this.#emit();
  }

  end(): void {
    this.source.end(this.#buffers[0]);
    this.#stages.forEach((stage, i) => {
      stage.push(this.#buffers[i], this.#buffers[i + 1]);
      this.#buffers[i].dropCommitted();
      stage.end(this.#buffers[i + 1]);
    });
    this.#emit();
    this.verdict.end();
  }

  #emit(): void {
    const out = this.#buffers[this.#buffers.length - 1];
    this.tally.steps(out);
    this.verdict.steps(out);
    this.#sink?.(this.stream, out);
    out.dropCommitted();
  }
}

export class Planner {
  readonly #lanes = new Map<number, Lane>();
  readonly #chain: StrategyChain;
  readonly #dialect: Dialect;
  readonly #sink: StepSink | undefined;

  constructor(chain: StrategyChain, dialect: Dialect, sink?: StepSink) {
    this.#chain = chain;
    this.#dialect = dialect;
    this.#sink = sink;
  }

  get lanes(): readonly Lane[] {
    return [...this.#lanes.values()];
  }

  /** Rows `from … to - 1` of `batch`, in capture order. */
  push(batch: EventBatch, from = 0, to = batch.count): void {
    for (let start = from; start < to; start += FLOW_ROWS)
      this.#pushSome(batch, start, Math.min(to, start + FLOW_ROWS));
  }

  #pushSome(batch: EventBatch, from: number, to: number): void {
    const fed: Lane[] = [];
    let lane: Lane | undefined;
    for (let row = from; row < to; row++) {
      if (lane === undefined || lane.stream !== batch.stream[row])
        lane = this.#lane(batch.stream[row]);
      if (!lane.hasRows) fed.push(lane);
      lane.take(batch, row);
    }
    for (const each of fed) each.flow();
  }

  end(): void {
    for (const lane of this.#lanes.values()) lane.end();
  }

  #lane(stream: number): Lane {
    let lane = this.#lanes.get(stream);
    if (lane === undefined) {
      lane = new Lane(stream, this.#chain, this.#dialect, this.#sink);
      this.#lanes.set(stream, lane);
    }
    return lane;
  }
}
