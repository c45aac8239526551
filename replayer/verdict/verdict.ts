// Is a plan safe? Judged from the requests and the steps alone, streaming, by code that shares nothing
// with the strategies. Time in a plan is due time: an ioctl is taken to complete when it is due, and the
// ioctls of a stream one after the other. Equal times are told apart by order, never in a plan's favour.

import type { VerdictClass } from './classes.ts';
import { SCOPE } from '../../collector/model/index.ts';
import { StepBatch } from '../steps/step-batch.ts';
import type { AskedRequests } from './asked-requests.ts';
import type { AskedRows, Interest } from './asked-rows.ts';
import { covers } from './covers.ts';
import { FreeBarriers } from './free-barriers.ts';
import { LeftBehind, MOST_LEFT_BEHIND } from './left-behind.ts';
import { MOST_AHEAD, OpenBarriers } from './open-barriers.ts';
import { movedRing } from './ring.ts';
import { StepCover } from './step-cover.ts';

const BROKEN_NAMED = 20;
const NEVER_COVERED = 'no entry issued after it was asked covers it';
const LEFT_WAITING = `this barrier is not released, but ${MOST_AHEAD} later ones are`;
const GIVEN_UP = `no entry covers it, nor ${MOST_LEFT_BEHIND} others that later entries went past`;

export interface BrokenRequest {
  readonly seq: number;
  readonly reason: string;
}

/**
 * strict: covered before every later barrier's release. deferred: some barrier is released earlier.
 * broken: something is never covered, or only by an entry issued before it was asked.
 */
export interface Verdict {
  readonly class: VerdictClass;
  /** Why the class is unknown. */
  readonly unknown?: string;
  readonly requests_exposed: number;
  /** Σ pages × ns during which a released barrier's pages were still not invalidated. */
  readonly exposure_page_ns: number;
  /** Exposed requests whose scope has no page count. */
  readonly unbounded_exposed: number;
  /** The first of them; `broken_requests` counts all. */
  readonly broken: readonly BrokenRequest[];
  readonly broken_requests: number;
}

/** Judges one plan of one stream: its rows are asked, then `steps` the steps planned for them, alternating; then `end`. */
export class StreamVerdict implements Interest {
  requestsExposed = 0;
  exposurePageNs = 0;
  unboundedExposed = 0;
  broken = 0;
  readonly brokenNamed: BrokenRequest[] = [];
  readonly #asked: AskedRows;
  readonly #left = new LeftBehind();
  /** Running number of the oldest request that no step came after yet. */
  #head = 0;
  /** By slot of what was asked: when a later barrier was released before it; set below `#exposedTo`. */
  #exposedNs = new Float64Array(0);
  readonly #cover = new StepCover();
  readonly #barriers: OpenBarriers;
  readonly #free = new FreeBarriers();
  /** Steps due after the last row that was asked: rows still to come may be covered by them. */
  #later = new StepBatch();
  #lastDueNs = Number.NEGATIVE_INFINITY;
  /** Requests below this running number were open when some barrier after them was released. */
  #exposedTo = 0;
  /** Covered since the last step that released a barrier: nothing says yet that their steps returned. */
  #unconfirmed = 0;
  #unconfirmedUnbounded = 0;

  constructor(asked: AskedRows) {
    this.#asked = asked;
    this.#barriers = new OpenBarriers(asked.barriers);
  }

  get oldestRequest(): number {
    return this.#head;
  }

  get oldestBarrier(): number {
    return this.#barriers.head;
  }

  /** All committed steps and free barriers of `batch`, planned for rows that were asked before. */
  steps(batch: StepBatch): void {
    const { nowNs } = this.#asked;
    this.#follow();
    for (let i = 0; i < batch.free; i++) this.#takeFree(batch.freeSeq[i]);
    this.#judgeLater(nowNs);
    const done = this.#later.steps > 0 ? 0 : this.#judge(batch, nowNs);
    if (done < batch.steps) this.#later.appendSteps(batch, done, batch.steps);
  }

  #judgeLater(nowNs: number): void {
    if (this.#later.steps === 0) return;
    const done = this.#judge(this.#later, nowNs);
    if (done === 0) return;
    const rest = new StepBatch();
    rest.appendSteps(this.#later, done, this.#later.steps);
    this.#later = rest;
  }

  /** Judges steps up to the first that is due after `nowNs`. Returns that step. */
  #judge(batch: StepBatch, nowNs: number): number {
    const { steps, dueNs, releaseEnd, releaseSeq } = batch;
    for (let step = 0, release = 0; step < steps; step++) {
      const due = dueNs[step];
      if (due > nowNs) return step;
      if (this.#free.length > 0) this.#releaseFree(due);
      if (due < this.#lastDueNs)
        this.#break(batch.firstSeq[step], 'its step is due before one that precedes it');
      else this.#lastDueNs = due;
      this.#settle(batch, step, due);
      for (const end = releaseEnd[step]; release < end; release++)
        this.#releaseHeld(releaseSeq[release], due);
    }
    return steps;
  }

  end(): void {
    this.#follow();
    this.#judgeLater(Number.POSITIVE_INFINITY);
    this.#releaseFree(Number.POSITIVE_INFINITY);
    const left = this.#left;
    for (let i = 0; i < left.count; i++) this.#break(left.requests.seq[i], NEVER_COVERED);
    const { tail, mask, seq: seqs } = this.#asked.requests;
    for (let n = this.#head; n < tail; n++) this.#break(seqs[n & mask], NEVER_COVERED);
    for (const seq of this.#barriers.left()) this.#break(seq, 'this barrier is never released');
  }

  /** Makes room for what was asked since the last time. */
  #follow(): void {
    this.#barriers.follow();
    const { head, tail, mask } = this.#asked.requests;
    if (this.#exposedNs.length <= mask)
      this.#exposedNs = movedRing({ head, tail }, this.#exposedNs, new Float64Array(mask + 1));
  }

  /** What `step` covers of what was asked before it: earlier, or at the same time and carried by it. */
  #settle(batch: StepBatch, step: number, due: number): void {
    const { requests } = this.#asked;
    const { tail, mask } = requests;
    const lastSeq = batch.lastSeq[step];
    const entry = batch.entryStart(step);
    const isOne = batch.entryEnd[step] - entry === 1;
    if (!isOne || this.#left.count > 0) this.#cover.open(batch, step);
    if (this.#left.count > 0) this.#settleLeft(due, lastSeq);
    let n = this.#head;
    for (; n < tail; n++) {
      const slot = n & mask;
      if (isAskedLater(requests, slot, due, lastSeq)) break;
      const exposedNs = n < this.#exposedTo ? this.#exposedNs[slot] : Number.NaN;
      const isCovered = isOne
        ? covers(batch, entry, requests, slot)
        : this.#cover.has(requests, slot);
      if (isCovered) this.#covered(requests, slot, due - exposedNs);
      else this.#leave(requests, slot, exposedNs);
    }
    this.#head = n;
  }

  #settleLeft(due: number, lastSeq: number): void {
    const { requests, exposedNs } = this.#left;
    this.#left.drop((i) => {
      if (isAskedLater(requests, i, due, lastSeq) || !this.#cover.has(requests, i)) return false;
      this.#covered(requests, i, due - exposedNs[i]);
      return true;
    });
  }

  #leave(requests: AskedRequests, slot: number, exposedNs: number): void {
    if (this.#left.isFull) {
      this.#break(this.#left.requests.seq[0], GIVEN_UP);
      this.#left.drop((i) => i === 0);
    }
    this.#left.add(requests, slot, exposedNs);
  }

  /** A request is done; `forNs` it was exposed, NaN where it was not. */
  #covered(requests: AskedRequests, slot: number, forNs: number): void {
    const isRanged = (requests.scope[slot] & SCOPE.vaddr) !== 0;
    if (Number.isNaN(forNs)) {
      this.#unconfirmed++;
      if (!isRanged) this.#unconfirmedUnbounded++;
      return;
    }
    this.requestsExposed++;
    if (!isRanged) this.unboundedExposed++;
    else this.exposurePageNs += requests.pages[slot] * Math.max(0, forNs);
  }

  /** A barrier that a step holds back: released when the step completes, if it was captured by then. */
  #releaseHeld(seq: number, due: number): void {
    if (!this.#isReleased(seq)) return;
    // All steps up to this one have returned: what they covered is done.
    this.#unconfirmed = 0;
    this.#unconfirmedUnbounded = 0;
    this.#exposeBefore(seq, Math.max(due, this.#barriers.releasedNs));
  }

  #takeFree(seq: number): void {
    if (this.#isReleased(seq)) this.#free.push(seq, this.#barriers.releasedNs);
  }

  /**
   * Barriers that no step holds back, captured up to `due`. They wait for nothing, so also what was
   * issued by then is not known to be done, unless a step that released a barrier came after it.
   */
  #releaseFree(due: number): void {
    while (this.#free.length > 0 && this.#free.nextNs <= due) {
      const tNs = this.#free.nextNs;
      this.requestsExposed += this.#unconfirmed;
      this.unboundedExposed += this.#unconfirmedUnbounded;
      this.#unconfirmed = 0;
      this.#unconfirmedUnbounded = 0;
      this.#exposeBefore(this.#free.take(), tNs);
    }
  }

  /** False, and broken, where barrier `seq` is not one, or is released a second time. */
  #isReleased(seq: number): boolean {
    const release = this.#barriers.release(seq);
    if (release === 'released') {
      const lost = this.#barriers.giveUp();
      if (lost !== undefined) this.#break(lost, LEFT_WAITING);
      return true;
    }
    this.#break(
      seq,
      release === 'again'
        ? 'this barrier is released a second time'
        : 'is released, but is no barrier captured by then',
    );
    return false;
  }

  /** What was asked before `seq` and is not covered is exposed from `tNs`, unless it was before. */
  #exposeBefore(seq: number, tNs: number): void {
    const { tail, mask, seq: seqs } = this.#asked.requests;
    let n = Math.max(this.#exposedTo, this.#head);
    for (; n < tail; n++) {
      const slot = n & mask;
      if (seqs[slot] >= seq) break;
      this.#exposedNs[slot] = tNs;
    }
    this.#exposedTo = n;
    if (this.#left.count > 0) this.#left.expose(seq, tNs);
  }

  #break(seq: number, reason: string): void {
    this.broken++;
    if (this.brokenNamed.length < BROKEN_NAMED) this.brokenNamed.push({ seq, reason });
  }
}

/** True for a request that came after a step: later, or at the same time and not among what it carries. */
function isAskedLater(
  { seq, tNs }: AskedRequests,
  slot: number,
  due: number,
  lastSeq: number,
): boolean {
  return tNs[slot] > due || (tNs[slot] === due && seq[slot] > lastSeq);
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
