// One row followed through a plan: who covers it, in which step and when, and when the barrier after it is
// released. Uses the verdict's own idea of covering, so that it explains what the verdict judged.

import { ToolError, formatCount } from '../../collector/base/index.ts';
import { KIND, type EventBatch } from '../../collector/model/index.ts';
import type { Dialect } from '../dialects/index.ts';
import type { StrategyChain } from '../strategies/chain.ts';
import { AskedRequests } from '../verdict/asked-requests.ts';
import { covers } from '../verdict/covers.ts';
import { StepCover } from '../verdict/step-cover.ts';
import { Planner, type StepSink } from './planner.ts';
import type { StepBatch } from '../steps/step-batch.ts';

/** How wide a request or an entry is, in the guest's terms. */
export interface Width {
  readonly kind: number;
  readonly scope: number;
  readonly flags: number;
  readonly present: number;
  readonly domain_id: number;
  readonly pasid: number;
  readonly page: number;
  readonly pages: number;
}

export interface CoveringStep {
  /** Which ioctl of the stream, from 0. */
  readonly step: number;
  readonly due_ns: number;
  readonly entries: number;
  readonly first_seq: number;
  readonly last_seq: number;
  /** Place of the entry in the ioctl; undefined where several cover the request together. */
  readonly place: number | undefined;
  readonly entry: Width & { readonly widened: boolean };
}

export interface ReleasedBarrier {
  readonly seq: number;
  readonly captured_ns: number;
  /** Undefined where the plan never releases it. */
  readonly released_ns: number | undefined;
  /** The step that holds it back; undefined where none does. */
  readonly step: number | undefined;
}

export interface Explanation {
  readonly strategy: string;
  readonly seq: number;
  readonly stream: number;
  readonly asked_ns: number;
  readonly width: Width;
  /** Why it is not part of any plan with this dialect. */
  readonly not_replayable: string | undefined;
  readonly covered: CoveringStep | undefined;
  /** The barrier itself where the row is one, else the first after it in its stream. */
  readonly barrier: ReleasedBarrier | undefined;
  /** ns during which the barrier was released but the request not done; 0 where it is safe. */
  readonly exposed_ns: number;
}

export function explain(
  batches: Iterable<EventBatch>,
  chain: StrategyChain,
  dialect: Dialect,
  seq: number,
): Explanation {
  const tracer = new Tracer(dialect, seq);
  const sink: StepSink = (stream, steps) => tracer.steps(stream, steps);
  const planner = new Planner([{ chain, sink }], dialect);
  let rows = 0;
  for (const batch of batches) {
    tracer.rows(batch);
    planner.push(batch);
    rows = batch.firstSeq + batch.count;
  }
  planner.end();
  if (tracer.stream === undefined) {
    throw new ToolError(
      'E_USAGE',
      `seq ${seq} is not in the recording: it holds ${rows === 0 ? 'no rows' : `0 to ${formatCount(rows - 1)}`}`,
    );
  }
  return tracer.explanation(chain.text, tracer.stream);
}

class Tracer {
  stream: number | undefined;
  #askedNs = 0;
  #width: Width = NO_WIDTH;
  #notReplayable: string | undefined;
  #isBarrier = false;
  #barrier: { seq: number; capturedNs: number } | undefined;
  #covered: CoveringStep | undefined;
  #released: { atNs: number; step: number | undefined } | undefined;
  readonly #request = new AskedRequests();
  readonly #cover = new StepCover();
  readonly #dialect: Dialect;
  readonly #seq: number;
  /** Latest time of each stream: a stamp that goes backwards counts as that. */
  readonly #nowNs = new Map<number, number>();
  readonly #stepsOf = new Map<number, number>();

  constructor(dialect: Dialect, seq: number) {
    this.#dialect = dialect;
    this.#seq = seq;
  }

  /** Looks for the row and the barrier after it. Comes before the rows are planned. */
  rows(batch: EventBatch): void {
    if (this.#barrier !== undefined) return;
    for (let row = 0; row < batch.count; row++) {
      const stream = batch.stream[row];
      const seq = batch.firstSeq + row;
      const now = Math.max(this.#nowNs.get(stream) ?? Number.NEGATIVE_INFINITY, batch.tNs[row]);
      this.#nowNs.set(stream, now);
      if (seq === this.#seq) this.#found(batch, row, now);
      if (seq >= this.#seq && stream === this.stream && batch.kind[row] === KIND.barrier) {
        this.#barrier = { seq, capturedNs: now };
        return;
      }
    }
  }

  #found(batch: EventBatch, row: number, now: number): void {
    this.stream = batch.stream[row];
    this.#askedNs = now;
    this.#width = widthOf(batch, row);
    this.#isBarrier = batch.kind[row] === KIND.barrier;
    if (!this.#isBarrier) this.#notReplayable = this.#dialect.refuse(batch, row);
    this.#request.push(batch, row, now);
  }

  steps(stream: number, steps: StepBatch): void {
    const done = this.#stepsOf.get(stream) ?? 0;
    this.#stepsOf.set(stream, done + steps.steps);
    if (this.stream !== stream) return;
    for (let step = 0; step < steps.steps; step++) {
      this.#look(steps, step, done + step);
      for (let i = steps.releaseStart(step); i < steps.releaseEnd[step]; i++) {
        if (steps.releaseSeq[i] === this.#barrier?.seq)
          this.#releasedAt(Math.max(steps.dueNs[step], this.#barrier.capturedNs), done + step);
      }
    }
    for (let i = 0; i < steps.free; i++) {
      if (steps.freeSeq[i] === this.#barrier?.seq)
        this.#releasedAt(this.#barrier.capturedNs, undefined);
    }
  }

  #releasedAt(atNs: number, step: number | undefined): void {
    this.#released ??= { atNs, step };
  }

  #look(steps: StepBatch, step: number, number: number): void {
    if (this.#covered !== undefined || this.#isBarrier || this.#notReplayable !== undefined) return;
    const due = steps.dueNs[step];
    const asked =
      this.#askedNs < due || (this.#askedNs === due && this.#seq <= steps.lastSeq[step]);
    this.#cover.open(steps, step);
    if (!asked || !this.#cover.has(this.#request, 0)) return;
    const start = steps.entryStart(step);
    let entry = start;
    while (entry < steps.entryEnd[step] && !covers(steps, entry, this.#request, 0)) entry++;
    const alone = entry < steps.entryEnd[step];
    if (!alone) entry = start;
    this.#covered = {
      step: number,
      due_ns: due,
      entries: steps.entryEnd[step] - start,
      first_seq: steps.firstSeq[step],
      last_seq: steps.lastSeq[step],
      place: alone ? entry - start : undefined,
      entry: { ...widthOf(steps, entry), widened: steps.widened[entry] === 1 },
    };
  }

  explanation(strategy: string, stream: number): Explanation {
    const released = this.#released;
    const coveredNs = this.#covered?.due_ns;
    return {
      strategy,
      seq: this.#seq,
      stream,
      asked_ns: this.#askedNs,
      width: this.#width,
      not_replayable: this.#notReplayable,
      covered: this.#covered,
      barrier:
        this.#barrier === undefined
          ? undefined
          : {
              seq: this.#barrier.seq,
              captured_ns: this.#barrier.capturedNs,
              released_ns: released?.atNs,
              step: released?.step,
            },
      exposed_ns:
        released === undefined || coveredNs === undefined
          ? 0
          : Math.max(0, coveredNs - released.atNs),
    };
  }
}

const NO_WIDTH: Width = {
  kind: 0,
  scope: 0,
  flags: 0,
  present: 0,
  domain_id: 0,
  pasid: 0,
  page: 0,
  pages: 0,
};

function widthOf(from: EventBatch | StepBatch, i: number): Width {
  return {
    kind: from.kind[i],
    scope: from.scope[i],
    flags: from.flags[i],
    present: from.present[i],
    domain_id: from.domainId[i],
    pasid: from.pasid[i],
    page: from.page[i],
    pages: from.pages[i],
  };
}
