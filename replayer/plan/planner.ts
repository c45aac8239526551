// Recording -> plans, streaming: the rows of each stream become requests once, go through every chain of
// strategies, and each step that comes out is tallied, judged and, where wanted, kept. Memory is one batch
// plus what is held back.

import type { EventBatch } from '../../collector/model/index.ts';
import type { Dialect } from '../dialects/index.ts';
import type { StrategyChain } from '../strategies/chain.ts';
import type { Stage } from '../strategies/index.ts';
import { AskedRows } from '../verdict/asked-rows.ts';
import { StreamVerdict } from '../verdict/verdict.ts';
import { RequestSource } from './requests.ts';
import { StepBatch } from './step-batch.ts';
import { StepTally } from './tally.ts';

/** Rows after which steps move on: a strategy may make hundreds of entries of each, and caches are small. */
const FLOW_ROWS = 4096;

/** Receives the committed steps of a stream; they are forgotten afterwards. */
export type StepSink = (stream: number, steps: StepBatch) => void;

/** A chain to plan with, and who sees its steps as they come. */
export interface Wanted {
  readonly chain: StrategyChain;
  readonly sink?: StepSink | undefined;
}

/** One stream on its way through one chain. */
class Lane {
  readonly verdict: StreamVerdict;
  readonly tally: StepTally;
  readonly #stages: readonly Stage[];
  /** Buffer i is filled by stage i; the first stage is given what was asked. */
  readonly #buffers: readonly StepBatch[];
  readonly #emit: (steps: StepBatch) => void;

  constructor(
    { chain, sink }: Wanted,
    dialect: Dialect,
    { number, rows }: { readonly number: number; readonly rows: AskedRows },
  ) {
    this.verdict = new StreamVerdict(rows);
    this.tally = new StepTally(dialect);
    this.#stages = chain.openStages();
    this.#buffers = this.#stages.map(() => new StepBatch());
    this.#emit = (steps) => {
      this.tally.steps(steps);
      this.verdict.steps(steps);
      sink?.(number, steps);
    };
  }

  /** Moves what is committed through all stages and out. `asked` is only read: other chains share it. */
  flow(asked: StepBatch, ended: boolean): void {
    let input = asked;
    this.#stages.forEach((stage, i) => {
      const output = this.#buffers[i];
      stage.push(input, output);
      if (input !== asked) input.dropCommitted();
      if (ended) stage.end(output);
      input = output;
    });
    this.#emit(input);
    if (input !== asked) input.dropCommitted();
    if (ended) this.verdict.end();
  }
}

/** One stream: its requests, and their way through each chain. */
class PlannedStream {
  readonly number: number;
  readonly source: RequestSource;
  /** One lane for each chain, in their order. */
  readonly lanes: readonly Lane[];
  /** Rows came since the last flow. */
  hasRows = false;
  readonly #rows = new AskedRows();
  readonly #asked = new StepBatch();
  readonly #watch: StepSink | undefined;

  constructor(number: number, wanted: readonly Wanted[], dialect: Dialect, watch?: StepSink) {
    this.number = number;
    this.source = new RequestSource(dialect);
    this.#watch = watch;
    this.lanes = wanted.map((one) => new Lane(one, dialect, { number, rows: this.#rows }));
  }

  take(batch: EventBatch, row: number): void {
    this.hasRows = true;
    const replayable = this.source.take(batch, row, this.#asked);
    this.#rows.ask(batch, row, replayable);
  }

  /** Plans what was taken. After `ended` nothing more may come. */
  flow(ended: boolean): void {
    this.hasRows = false;
    if (ended) this.source.end(this.#asked);
    this.#watch?.(this.number, this.#asked);
    for (const lane of this.lanes) lane.flow(this.#asked, ended);
    this.#asked.dropCommitted();
    this.#rows.forget(this.lanes.map((lane) => lane.verdict));
  }
}

export class Planner {
  readonly #streams = new Map<number, PlannedStream>();
  readonly #wanted: readonly Wanted[];
  readonly #dialect: Dialect;
  readonly #watch: StepSink | undefined;

  /** `watch` sees the requests themselves, one step each, before any strategy. */
  constructor(wanted: readonly Wanted[], dialect: Dialect, watch?: StepSink) {
    this.#wanted = wanted;
    this.#dialect = dialect;
    this.#watch = watch;
  }

  get streams(): readonly PlannedStream[] {
    return [...this.#streams.values()];
  }

  /** All rows of `batch`, in capture order. */
  push(batch: EventBatch): void {
    for (let start = 0; start < batch.count; start += FLOW_ROWS)
      this.#pushSome(batch, start, Math.min(batch.count, start + FLOW_ROWS));
  }

  #pushSome(batch: EventBatch, from: number, to: number): void {
    const fed: PlannedStream[] = [];
    let stream: PlannedStream | undefined;
    for (let row = from; row < to; row++) {
      if (stream === undefined || stream.number !== batch.stream[row])
        stream = this.#stream(batch.stream[row]);
      if (!stream.hasRows) fed.push(stream);
      stream.take(batch, row);
    }
    for (const each of fed) each.flow(false);
  }

  end(): void {
    for (const stream of this.#streams.values()) stream.flow(true);
  }

  #stream(number: number): PlannedStream {
    let stream = this.#streams.get(number);
    if (stream === undefined) {
      stream = new PlannedStream(number, this.#wanted, this.#dialect, this.#watch);
      this.#streams.set(number, stream);
    }
    return stream;
  }
}
