// Waits for a due time: sleeps most of the way, spins the rest. The lead between the two adapts to how
// late this host wakes a thread, and shrinks before spinning takes so much of the CPU that the kernel
// throttles a real-time thread. Owns no clock; must never allocate once made.

import type { Clock } from './clock.ts';

/**
 * A real-time thread may run 95 % of each second (sched_rt_runtime_us) before it is held for the rest, and
 * one that leaves too little to others is held for 50 ms as well (the kernel's fair server): at 88 % that
 * was still seen each second. Busy time is paid from a budget that fills at 75 % of real time and holds
 * 20 ms: busy in any second is at most 0.02 s + 0.75 × 1 s = 77 %.
 */
const BUSY_SHARE = 0.75;
const BUDGET_NS = 20e6;
const REVIEW_EVERY_NS = 4e6;
/** Shortest rest: what is overdrawn is slept off on top of it. */
const REST_NS = 100e3;

const FIRST_LEAD_NS = 60e3;
const MIN_LEAD_NS = 2e3;
/** A long sleep is cut, so that a stop is noticed; waking in between costs a request nothing. */
const MAX_SLEEP_NS = 50e6;
/** The lead falls by this share of what is not needed at each sleep: it remembers about 1,000. */
const FORGET = 1 / 1024;

/** Indices into `state`: doubles in a typed array, because a class field would be boxed at each store. */
export const WAIT = { leadNs: 0, reviewAtNs: 1, budgetNs: 2, wokeAtNs: 3, sleptNs: 4 } as const;

export interface WaiterOptions {
  /** The thread is held when it runs too long (SCHED_FIFO): rest before the kernel makes it. */
  readonly rests: boolean;
  /** The lead's upper bound: what spinning may cost before each request. */
  readonly maxLeadNs: number;
}

export class Waiter {
  /** See WAIT. The loop reads the lead and the time of the next review here. */
  readonly state = new Float64Array(5);
  sleeps = 0;
  rests = 0;
  readonly #clock: Clock;
  readonly #rests: boolean;
  readonly #maxLeadNs: number;

  constructor(clock: Clock, options: WaiterOptions) {
    this.#clock = clock;
    this.#rests = options.rests;
    this.#maxLeadNs = options.maxLeadNs;
    this.state[WAIT.leadNs] = Math.min(FIRST_LEAD_NS, options.maxLeadNs);
    this.state[WAIT.budgetNs] = BUDGET_NS;
    this.state[WAIT.reviewAtNs] = Number.POSITIVE_INFINITY;
  }

  /** Starts the account of busy time. */
  begin(nowNs: number): void {
    this.state[WAIT.wokeAtNs] = nowNs;
    this.state[WAIT.reviewAtNs] = nowNs + REVIEW_EVERY_NS;
  }

  /** Sleeps to the lead before `dueNs`, or a part of it. The caller reads the clock again. */
  sleep(dueNs: number, nowNs: number): void {
    const { state } = this;
    const target = Math.min(dueNs - state[WAIT.leadNs], nowNs + MAX_SLEEP_NS);
    this.#pay(nowNs);
    this.#clock.sleepUntil(target);
    const woke = this.#clock.now();
    this.#rested(nowNs, woke);
    this.sleeps++;
    this.#adapt(woke - target);
  }

  /** To be called once `state[WAIT.reviewAtNs]` has passed. May rest; the caller reads the clock again. */
  review(nowNs: number): void {
    const { state } = this;
    this.#pay(nowNs);
    state[WAIT.wokeAtNs] = nowNs;
    state[WAIT.reviewAtNs] = nowNs + REVIEW_EVERY_NS;
    if (!this.#rests) return;
    const most = this.#mostLead();
    if (state[WAIT.leadNs] > most) state[WAIT.leadNs] = most;
    if (state[WAIT.budgetNs] > 0) return;
    this.#clock.sleepUntil(nowNs + REST_NS - state[WAIT.budgetNs] / BUSY_SHARE);
    this.rests++;
    this.#rested(nowNs, this.#clock.now());
  }

  #pay(nowNs: number): void {
    const { state } = this;
    state[WAIT.budgetNs] -= (nowNs - state[WAIT.wokeAtNs]) * (1 - BUSY_SHARE);
  }

  #rested(fromNs: number, toNs: number): void {
    const { state } = this;
    const slept = toNs - fromNs;
    state[WAIT.sleptNs] += slept;
    state[WAIT.budgetNs] = Math.min(BUDGET_NS, state[WAIT.budgetNs] + slept * BUSY_SHARE);
    state[WAIT.wokeAtNs] = toNs;
    state[WAIT.reviewAtNs] = toNs + REVIEW_EVERY_NS;
  }

  /** Up at once after a late waking, down slowly. */
  #adapt(lateNs: number): void {
    const { state } = this;
    const lead = state[WAIT.leadNs];
    const wanted = lateNs * 1.25 + MIN_LEAD_NS;
    const next = wanted > lead ? wanted : lead - (lead - wanted) * FORGET;
    state[WAIT.leadNs] = Math.min(next, this.#mostLead());
  }

  /** Full while the budget is, near nothing when it is spent. */
  #mostLead(): number {
    if (!this.#rests) return this.#maxLeadNs;
    const left = Math.max(0, this.state[WAIT.budgetNs] / BUDGET_NS);
    return Math.max(MIN_LEAD_NS, this.#maxLeadNs * left);
  }
}
