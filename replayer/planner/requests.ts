// Rows of one stream -> one step per replayable request, with the barriers that follow it: what every
// chain of strategies starts from. Owns the rule for time stamps that go backwards: a row is due no
// earlier than any row before it in its stream; such rows are counted.

import { ASKED, KIND, PRESENT, isContext, type EventBatch } from '../../collector/model/index.ts';
import type { Dialect } from '../dialects/index.ts';
import type { StepBatch } from '../steps/step-batch.ts';

export class RequestSource {
  requests = 0;
  replayable = 0;
  backwards = 0;
  /** Pages of 4 KiB, over the replayable requests with a range (design 7). */
  requestedPages = 0;
  /** Stretches between barriers that hold at least one replayable request. */
  barrierIntervals = 0;
  /** Those that hold exactly one: there is nothing to merge in them. */
  singleIntervals = 0;
  readonly notReplayable = new Map<string, number>();
  readonly #dialect: Dialect;
  #nowNs = Number.NEGATIVE_INFINITY;
  #dueNs = 0;
  #submission = 0;
  #inInterval = 0;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  /** Takes row `row` of `batch`, which belongs to this stream. True where it is a request to replay. */
  take(batch: EventBatch, row: number, output: StepBatch): boolean {
    if (isContext(batch.kind[row])) return false;
    const time = batch.tNs[row];
    if (time < this.#nowNs) this.backwards++;
    else this.#nowNs = time;
    if (batch.kind[row] === KIND.barrier) {
      this.#barrier(batch.firstSeq + row, output);
      return false;
    }
    this.requests++;
    const reason = this.#dialect.refuse(batch, row);
    if (reason !== undefined) {
      this.notReplayable.set(reason, (this.notReplayable.get(reason) ?? 0) + 1);
      return false;
    }
    this.replayable++;
    if ((batch.present[row] & PRESENT.range) !== 0) this.requestedPages += batch.pages[row];
    this.#inInterval++;
    if (this.#inInterval === 1) {
      this.barrierIntervals++;
      this.singleIntervals++;
    } else if (this.#inInterval === 2) {
      this.singleIntervals--;
    }
    if (output.openEntries > 0) output.commit(this.#dueNs, this.#submission);
    this.#dueNs = this.#nowNs;
    this.#submission = batch.submission[row];
    this.#entry(batch, row, output);
    return true;
  }

  /** The stream is over. */
  end(output: StepBatch): void {
    if (output.openEntries > 0) output.commit(this.#dueNs, this.#submission);
  }

  #barrier(seq: number, output: StepBatch): void {
    this.#inInterval = 0;
    // Until something was asked there is nothing a barrier could wait for.
    if (output.openEntries > 0) output.addRelease(seq, this.#nowNs);
    else output.addFree(seq, this.#nowNs);
  }

  #entry(batch: EventBatch, row: number, output: StepBatch): void {
    const entry = output.nextEntry();
    output.kind[entry] = batch.kind[row];
    output.scope[entry] = batch.scope[row];
    output.flags[entry] = batch.flags[row];
    output.present[entry] = batch.present[row] & ASKED;
    output.domainId[entry] = batch.domainId[row];
    output.pasid[entry] = batch.pasid[row];
    output.sourceId[entry] = batch.sourceId[row];
    output.page[entry] = batch.page[row];
    output.pages[entry] = batch.pages[row];
    output.entryFirstSeq[entry] = batch.firstSeq + row;
    output.entryLastSeq[entry] = batch.firstSeq + row;
  }
}
