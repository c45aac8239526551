// Is a plan on recorded times one that a guest could have lived with (design §13)? A step that carries a
// request must come after the step that released the barrier at which the request's waiter stood still.
// Reads rows and steps of one stream, streaming; shares no code with planner, strategies and loop.

import type { StepBatch } from '../steps/step-batch.ts';
import type { Impossible, Possible } from './run-check.ts';

const NAMED = 20;
/** Rows whose step has not come are remembered; of more than this the oldest count as possible, and are counted. */
const MOST_REMEMBERED = 65_536;

interface WaiterOfPlan {
  /** Its last barrier, and the doorbell that brought it; -1 where there was none. */
  barrier: number;
  doorbell: number;
}

export class PlanCheck {
  impossible = 0;
  /** Requests that no step came for while they were remembered. */
  forgotten = 0;
  readonly named: Impossible[] = [];
  /** Waiter's barrier before each request that no step has carried, by the request's number. */
  readonly #before = new Map<number, number>();
  readonly #waiters = new Map<number, WaiterOfPlan>();
  /** Barriers that were captured and not released by any step so far. */
  readonly #held = new Set<number>();

  /** A replayable request of `waiter`, in capture order with its barriers. */
  request(waiter: number, doorbell: number, seq: number): void {
    const its = this.#waiters.get(waiter);
    if (its === undefined || its.barrier < 0) return;
    if (doorbell !== 0 && its.doorbell === doorbell) return; // further commands under one doorbell are other CPUs'
    if (this.#before.size === MOST_REMEMBERED) this.#forget();
    this.#before.set(seq, its.barrier);
  }

  barrier(waiter: number, doorbell: number, seq: number): void {
    const its = this.#waiters.get(waiter);
    this.#held.add(seq);
    if (its === undefined) this.#waiters.set(waiter, { barrier: seq, doorbell });
    else if (doorbell === 0 || its.doorbell !== doorbell) {
      its.barrier = seq;
      its.doorbell = doorbell;
    }
  }

  /** The committed steps of the stream, in their order, after the rows that they carry. */
  steps(steps: StepBatch): void {
    for (let i = 0; i < steps.free; i++) this.#held.delete(steps.freeSeq[i]);
    for (let step = 0; step < steps.steps; step++) {
      for (let i = steps.entryStart(step); i < steps.entryEnd[step]; i++)
        this.#carried(steps.entryFirstSeq[i], steps.entryLastSeq[i]);
      for (let i = steps.releaseStart(step); i < steps.releaseEnd[step]; i++)
        this.#held.delete(steps.releaseSeq[i]);
    }
  }

  #carried(first: number, last: number): void {
    this.#one(first);
    if (last !== first) this.#one(last);
  }

  #one(seq: number): void {
    const barrier = this.#before.get(seq);
    if (barrier === undefined) return;
    this.#before.delete(seq);
    if (!this.#held.has(barrier)) return;
    this.impossible++;
    if (this.named.length < NAMED)
      this.named.push({
        seq,
        reason: `its waiter stands still until barrier ${barrier} is released, which no earlier step does`,
      });
  }

  #forget(): void {
    for (const seq of this.#before.keys()) {
      this.#before.delete(seq);
      this.forgotten++;
      return;
    }
  }
}

/** What the checks of all streams say together. */
export function possibleOf(streams: readonly PlanCheck[]): Possible {
  const count = streams.reduce((sum, one) => sum + one.impossible, 0);
  return {
    is: count === 0,
    where: streams.flatMap((one) => one.named).slice(0, NAMED),
    count,
  };
}
