// Is a plan safe? Judged from the requests and the steps alone, streaming, by code that shares nothing
// with the strategies (design 5). Time in a plan is due time: an ioctl is taken to complete when it is due.

import { KIND, SCOPE, type EventBatch } from '../../collector/model/index.ts';
import type { StepBatch } from '../plan/step-batch.ts';
import { OpenRequests } from './open-requests.ts';
import { StepCover } from './step-cover.ts';

const BROKEN_NAMED = 20;

export interface BrokenRequest {
  readonly seq: number;
  readonly reason: string;
}

/**
 * strict: covered before every later barrier's release. deferred: some barrier is released earlier.
 * broken: something is never covered, or only by an entry issued before it was asked.
 */
export interface Verdict {
  readonly class: 'strict' | 'deferred' | 'broken';
  readonly requests_exposed: number;
  /** Σ pages × ns during which a released barrier's pages were still not invalidated. */
  readonly exposure_page_ns: number;
  /** Exposed requests whose scope has no page count. */
  readonly unbounded_exposed: number;
  /** The first of them; `broken_requests` counts all. */
  readonly broken: readonly BrokenRequest[];
  readonly broken_requests: number;
}

/** Judges one stream: `ask` its rows, then `step` the steps planned for them, alternating; then `end`. */
export class StreamVerdict {
  requestsExposed = 0;
  exposurePageNs = 0;
  unboundedExposed = 0;
  broken = 0;
  readonly brokenNamed: BrokenRequest[] = [];
  readonly #open = new OpenRequests();
  readonly #cover = new StepCover();
  readonly #freeSeq: number[] = [];
  readonly #freeTNs: number[] = [];
  #nowNs = Number.NEGATIVE_INFINITY;
  #lastDueNs = Number.NEGATIVE_INFINITY;
  #barriersSeen = 0;
  #barriersReleased = 0;

  /** A row of the stream, in order; `replayable` says whether the plan has to cover it. */
  ask(batch: EventBatch, row: number, replayable: boolean): void {
    // A time stamp that goes backwards counts as the latest before it: order is what binds.
    this.#nowNs = Math.max(this.#nowNs, batch.tNs[row]);
    if (batch.kind[row] === KIND.barrier) this.#barriersSeen++;
    else if (replayable) this.#open.push(batch, row, this.#nowNs);
  }

  /** All committed steps and free barriers of `batch`, planned for rows that were asked before. */
  steps(batch: StepBatch): void {
    for (let i = 0; i < batch.free; i++) {
      this.#freeSeq.push(batch.freeSeq[i]);
      this.#freeTNs.push(batch.freeTNs[i]);
    }
    for (let step = 0; step < batch.steps; step++) {
      const due = batch.dueNs[step];
      this.#releaseFree(due);
      if (due < this.#lastDueNs)
        this.#break(batch.firstSeq[step], 'its step is due before the one that precedes it');
      this.#lastDueNs = due;
      this.#settle(batch, step, due);
      for (let i = batch.releaseStart(step); i < batch.releaseEnd[step]; i++) {
        this.#release(batch.releaseSeq[i], Math.max(due, batch.releaseTNs[i]));
      }
    }
  }

  end(): void {
    this.#releaseFree(Number.POSITIVE_INFINITY);
    const open = this.#open;
    for (let n = open.head; n < open.tail; n++) {
      const slot = n & open.mask;
      if (open.covered[slot] === 0) {
        this.#break(open.seq[slot], 'no entry issued after it was asked covers it');
      }
    }
    if (this.#barriersReleased !== this.#barriersSeen) {
      this.#break(
        -1,
        `${this.#barriersSeen} barriers were seen, ${this.#barriersReleased} are released`,
      );
    }
  }

  /** Marks what `step` covers of what was asked by `due`. */
  #settle(batch: StepBatch, step: number, due: number): void {
    const open = this.#open;
    this.#cover.open(batch, step);
    for (let n = open.head; n < open.tail; n++) {
      const slot = n & open.mask;
      if (open.tNs[slot] > due) break;
      if (open.covered[slot] === 1 || !this.#cover.has(open, slot)) continue;
      open.covered[slot] = 1;
      const exposedNs = open.exposedNs[slot];
      if (!Number.isNaN(exposedNs)) this.#expose(slot, due - exposedNs);
    }
    open.dropCovered();
  }

  /** Barriers released by nobody's step, up to `due`. */
  #releaseFree(due: number): void {
    let done = 0;
    while (done < this.#freeSeq.length && this.#freeTNs[done] <= due) {
      this.#release(this.#freeSeq[done], this.#freeTNs[done]);
      done++;
    }
    if (done > 0) {
      this.#freeSeq.splice(0, done);
      this.#freeTNs.splice(0, done);
    }
  }

  /** Barrier `seq` is released at `tNs`: what was asked before it and is not covered is exposed from now. */
  #release(seq: number, tNs: number): void {
    this.#barriersReleased++;
    const open = this.#open;
    for (let n = open.head; n < open.tail; n++) {
      const slot = n & open.mask;
      if (open.seq[slot] >= seq) break;
      if (open.covered[slot] === 0 && Number.isNaN(open.exposedNs[slot]))
        open.exposedNs[slot] = tNs;
    }
  }

  #expose(slot: number, forNs: number): void {
    this.requestsExposed++;
    if ((this.#open.scope[slot] & SCOPE.vaddr) === 0) this.unboundedExposed++;
    else this.exposurePageNs += this.#open.pages[slot] * Math.max(0, forNs);
  }

  #break(seq: number, reason: string): void {
    this.broken++;
    if (this.brokenNamed.length < BROKEN_NAMED) this.brokenNamed.push({ seq, reason });
  }
}

/** The verdict over all streams of a plan. */
export function combineVerdicts(streams: readonly StreamVerdict[]): Verdict {
  const sum = (pick: (stream: StreamVerdict) => number): number =>
    streams.reduce((total, stream) => total + pick(stream), 0);
  const broken = sum((stream) => stream.broken);
  const exposed = sum((stream) => stream.requestsExposed);
  return {
    class: broken > 0 ? 'broken' : exposed > 0 ? 'deferred' : 'strict',
    requests_exposed: exposed,
    exposure_page_ns: sum((stream) => stream.exposurePageNs),
    unbounded_exposed: sum((stream) => stream.unboundedExposed),
    broken: streams.flatMap((stream) => stream.brokenNamed).slice(0, BROKEN_NAMED),
    broken_requests: broken,
  };
}
