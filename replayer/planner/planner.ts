// Recording -> plans, streaming: the rows of each stream become requests once, go through every chain of
// strategies, and each step that comes out is tallied, judged and, where wanted, kept. Memory is one batch
// plus what is held back.

import type { EventBatch } from '../../collector/model/index.ts';
import type { Dialect } from '../dialects/index.ts';
import type { ChainStage, StrategyChain } from '../strategies/chain.ts';
import type { Stage } from '../strategies/index.ts';
import { AskedRows } from '../verdict/asked-rows.ts';
import { StreamVerdict } from '../verdict/verdict.ts';
import { RequestSource } from './requests.ts';
import { StepBatch } from '../steps/step-batch.ts';
import { StepTally } from './tally.ts';

/** Rows after which steps move on: a strategy may make hundreds of entries of each, and caches are small. */
const FLOW_ROWS = 4096;
/** Streams with fewer new rows wait for the end of their batch: many streams would else move on for a few each. */
const FEW_ROWS = 64;

/** Receives the committed steps of a stream; they are forgotten afterwards. */
export type StepSink = (stream: number, steps: StepBatch) => void;

/** A chain to plan with, and who sees its steps as they come. */
export interface Wanted {
  readonly chain: StrategyChain;
  readonly sink?: StepSink | undefined;
}

/** What comes out of one chain for one stream: counted, judged and handed on. */
class Lane {
  readonly verdict: StreamVerdict;
  readonly tally: StepTally;
  readonly #stream: number;
  readonly #sink: StepSink | undefined;

  constructor(stream: number, rows: AskedRows, dialect: Dialect, sink: StepSink | undefined) {
    this.verdict = new StreamVerdict(rows);
    this.tally = new StepTally(dialect);
    this.#stream = stream;
    this.#sink = sink;
  }

  take(steps: StepBatch): void {
    this.tally.steps(steps);
    this.verdict.steps(steps);
    this.#sink?.(this.#stream, steps);
  }
}

/** Steps on their way: to the chains that end here, and to the stages that come next in others. */
class Junction {
  readonly lanes: Lane[] = [];
  readonly #next = new Map<string, Passage>();

  /** The junction behind `stage`; chains that begin alike share it. */
  after(stage: ChainStage): Junction {
    let passage = this.#next.get(stage.key);
    if (passage === undefined) {
      passage = new Passage(stage.open());
      this.#next.set(stage.key, passage);
    }
    return passage.end;
  }

  /** Hands the committed steps of `steps` to everyone; nobody writes into it. */
  flow(steps: StepBatch, ended: boolean): void {
    for (const lane of this.lanes) lane.take(steps);
    for (const passage of this.#next.values()) passage.flow(steps, ended);
  }
}

/** One stage, and what comes behind it. */
class Passage {
  readonly end = new Junction();
  readonly #stage: Stage;
  readonly #output = new StepBatch();

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  flow(input: StepBatch, ended: boolean): void {
    this.#stage.push(input, this.#output);
    if (ended) this.#stage.end(this.#output);
    this.end.flow(this.#output, ended);
    this.#output.dropCommitted();
  }
}

/** One stream: its requests, and their way through each chain. */
class PlannedStream {
  readonly number: number;
  readonly source: RequestSource;
  /** One lane for each chain, in their order. */
  readonly lanes: readonly Lane[];
  /** Rows since the last flow. */
  newRows = 0;
  readonly #rows = new AskedRows();
  readonly #asked = new StepBatch();
  readonly #start = new Junction();

  constructor(number: number, wanted: readonly Wanted[], dialect: Dialect) {
    this.number = number;
    this.source = new RequestSource(dialect);
    this.lanes = wanted.map(({ chain, sink }) => {
      const lane = new Lane(number, this.#rows, dialect, sink);
      let end = this.#start;
      for (const stage of chain.stages) end = end.after(stage);
      end.lanes.push(lane);
      return lane;
    });
  }

  take(batch: EventBatch, row: number): void {
    this.newRows++;
    const replayable = this.source.take(batch, row, this.#asked);
    this.#rows.ask(batch, row, replayable);
  }

  /** Plans what was taken. After `ended` nothing more may come. */
  flow(ended: boolean): void {
    this.newRows = 0;
    if (ended) this.source.end(this.#asked);
    this.#start.flow(this.#asked, ended);
    if (ended) for (const lane of this.lanes) lane.verdict.end();
    this.#asked.dropCommitted();
    this.#rows.forget(this.lanes.map((lane) => lane.verdict));
  }
}

export class Planner {
  readonly #streams = new Map<number, PlannedStream>();
  /** Those with rows that have not moved on. */
  #fed: PlannedStream[] = [];
  readonly #wanted: readonly Wanted[];
  readonly #dialect: Dialect;

  constructor(wanted: readonly Wanted[], dialect: Dialect) {
    this.#wanted = wanted;
    this.#dialect = dialect;
  }

  get streams(): readonly PlannedStream[] {
    return [...this.#streams.values()];
  }

  /** All rows of `batch`, in capture order. */
  push(batch: EventBatch): void {
    for (let start = 0; start < batch.count; start += FLOW_ROWS)
      this.#pushSome(batch, start, Math.min(batch.count, start + FLOW_ROWS));
    for (const stream of this.#fed) stream.flow(false);
    this.#fed = [];
  }

  #pushSome(batch: EventBatch, from: number, to: number): void {
    let stream: PlannedStream | undefined;
    for (let row = from; row < to; row++) {
      if (stream === undefined || stream.number !== batch.stream[row])
        stream = this.#stream(batch.stream[row]);
      if (stream.newRows === 0) this.#fed.push(stream);
      stream.take(batch, row);
    }
    for (const each of this.#fed) if (each.newRows >= FEW_ROWS) each.flow(false);
    this.#fed = this.#fed.filter((each) => each.newRows > 0);
  }

  end(): void {
    for (const stream of this.#streams.values()) stream.flow(true);
  }

  #stream(number: number): PlannedStream {
    let stream = this.#streams.get(number);
    if (stream === undefined) {
      stream = new PlannedStream(number, this.#wanted, this.#dialect);
      this.#streams.set(number, stream);
    }
    return stream;
  }
}
