// The closed loop of design §13: what waiters ask, when their locks and releases let them, and how that is
// grouped into calls. Knows no clock and makes no call: a driver says when it is and what has completed.

import { isInsideDoorbell, type Grouping } from '../strategies/grouping.ts';
import { Agenda } from './agenda.ts';
import { Calls } from './calls.ts';
import { Cursor } from './cursor.ts';
import type { Driver, Observer } from './driver.ts';
import { Groups } from './groups.ts';
import { Locks } from './locks.ts';
import type { LoopOptions, Serial } from './options.ts';
import { ROW } from './rows.ts';
import type { Submissions } from './submissions.ts';
import { Waits } from './waits.ts';

/** What a waiter is at. */
const AT = { away: 0, inLine: 1, waiting: 2, ended: 3 } as const;
/** What a waiter's place in the agenda stands for. */
const NEXT = { ask: 0, ring: 1, arrive: 2 } as const;

export interface LoopTotals {
  readonly calls: number;
  /** Groups that were closed: each became a call per target. */
  readonly groups: number;
  readonly entries: number;
  readonly doorbells: number;
  readonly barriers: number;
  readonly stallNs: number;
  /** Σ over waiters, last release − first arrival. */
  readonly guestNs: number;
  readonly spanNs: number;
  /** Time that waiters stood in line for locks. */
  readonly inLineNs: number;
}

export interface LoopSetup {
  readonly submissions: Submissions;
  readonly grouping: Grouping;
  readonly options: LoopOptions;
  readonly driver: Driver;
  readonly observer?: Observer | undefined;
}

export class ClosedLoop {
  readonly calls: Calls;
  /** The moment it is, in one element; the driver sets it before it tells what happens. Never goes back. */
  readonly nowNs = new Float64Array(1);
  readonly #cursors: readonly Cursor[];
  readonly #grouping: Grouping;
  readonly #serial: Serial;
  readonly #exitNs: number;
  readonly #polls: boolean;
  readonly #driver: Driver;
  readonly #observer: Observer | undefined;
  readonly #inDoorbell: boolean;
  readonly #locks: Locks;
  readonly #lockStream: readonly number[];
  readonly #locksByStream: number;
  readonly #streamsOf: readonly (readonly number[])[];
  readonly #waits: Waits;
  readonly #groups: Groups;
  readonly #agenda: Agenda;

  // By waiter.
  readonly #at: Uint8Array;
  readonly #next: Uint8Array;
  /** Locks of its interval, how many they are, and how many of them it has. */
  readonly #locksOf: number[][];
  readonly #wanted: Int32Array;
  readonly #held: Int32Array;
  readonly #askedNs: Float64Array;
  /** Doorbell and recorded time of its interval's first submission, doorbell and arrival of its last one. */
  readonly #firstBellNs: Float64Array;
  readonly #firstRecordedNs: Float64Array;
  readonly #bellNs: Float64Array;
  readonly #arrivedNs: Float64Array;
  /** Recorded time of the last row of its last submission, and whether that ended an interval. */
  readonly #lastRecordedNs: Float64Array;
  readonly #hasEnded: Uint8Array;
  /** Calls in its thread that have not returned, and the time that those of the interval took. */
  readonly #callsOut: Int32Array;
  readonly #inCallsNs: Float64Array;
  readonly #firstNs: Float64Array;
  readonly #lastNs: Float64Array;
  /** By stream: waiters that may still add to its group. */
  readonly #away: Int32Array;

  #doorbells = 0;
  #barriers = 0;
  /** In one element each: stall, and time in line for locks. */
  readonly #stallNs = new Float64Array(1);
  readonly #inLineNs = new Float64Array(1);

  constructor({ submissions, grouping, options, driver, observer }: LoopSetup) {
    const waiters = submissions.waiters.length;
    const streams = submissions.streams.length;
    this.#cursors = submissions.waiters.map((_, waiter) => new Cursor(submissions, waiter));
    this.#grouping = grouping;
    this.#serial = options.serial;
    this.#exitNs = options.exitNs;
    this.#polls = options.pollNs > 0;
    this.#driver = driver;
    this.#observer = observer;
    this.#inDoorbell = isInsideDoorbell(grouping);
    this.#lockStream = submissions.lockStream;
    this.#locksByStream = submissions.lockStream.length;
    this.#locks = new Locks(this.#locksByStream + streams, waiters);
    this.#streamsOf = submissions.streamsOf;
    this.calls = new Calls(streams + waiters, streams);
    this.#groups = new Groups({
      submissions,
      grouping,
      servers: options.servers,
      calls: this.calls,
      nowNs: this.nowNs,
      observer,
    });
    this.#agenda = new Agenda(waiters);
    const doubles = (): Float64Array => new Float64Array(waiters);
    this.#at = new Uint8Array(waiters);
    this.#next = new Uint8Array(waiters);
    this.#locksOf = submissions.waiters.map(() => []);
    this.#wanted = new Int32Array(waiters);
    this.#held = new Int32Array(waiters);
    this.#askedNs = doubles();
    this.#firstBellNs = doubles();
    this.#firstRecordedNs = doubles();
    this.#bellNs = doubles();
    this.#waits = new Waits(streams, this.#bellNs);
    this.#arrivedNs = doubles();
    this.#lastRecordedNs = doubles();
    this.#hasEnded = new Uint8Array(waiters).fill(1);
    this.#callsOut = new Int32Array(waiters);
    this.#inCallsNs = doubles();
    this.#firstNs = doubles().fill(Number.NaN);
    this.#lastNs = doubles().fill(Number.NaN);
    this.#away = new Int32Array(streams);
    // First intervals in capture order (rule 5).
    const rowOf = (waiter: number): number => this.#cursors[waiter].row[0];
    const starting = Array.from({ length: waiters }, (_, waiter) => waiter);
    for (const waiter of starting.sort((a, b) => rowOf(a) - rowOf(b))) this.#begin(waiter);
  }

  #begin(waiter: number): void {
    const cursor = this.#cursors[waiter];
    for (const stream of this.#streamsOf[waiter]) this.#away[stream]++;
    if (!cursor.isThere) {
      this.#set(waiter, AT.ended);
      return;
    }
    if (!cursor.chained) this.#set(waiter, AT.ended);
    this.#agenda.atNs[waiter] = cursor.firstNs;
    this.#plan(waiter, NEXT.ask);
  }

  /** Lowers `soonestNs[0]` to the time of the next arrival, doorbell or closing, if any comes by itself. */
  lower(soonestNs: Float64Array): void {
    this.#agenda.lower(soonestNs);
    this.#groups.lower(soonestNs);
  }

  /** Everything that arrives by now. */
  arrivals(): void {
    const agenda = this.#agenda;
    while (agenda.isDue(this.nowNs)) {
      const waiter = agenda.next;
      agenda.remove(waiter);
      if (this.#next[waiter] === NEXT.ask) this.#ask(waiter);
      else if (this.#next[waiter] === NEXT.ring) this.#ring(waiter, true);
      else this.#arrive(waiter);
    }
  }

  /** The call that runs on `server` has returned. */
  completed(server: number): void {
    const { calls } = this;
    const call = calls.complete(server);
    const stream = calls.stream[call];
    const waiter = calls.waiter[call];
    this.#observer?.completed?.(call, this.nowNs[0]);
    calls.settle(stream);
    this.#releaseDone(stream);
    if (waiter >= 0 && --this.#callsOut[waiter] === 0 && this.#hasEnded[waiter] === 0)
      this.#ringAgain(waiter);
    this.#groups.touch(stream, server);
    this.#start(server);
  }

  /** Windows that end by now, and what an idle server may take: after all else of the moment (rule 8). */
  closings(): void {
    this.#groups.closeDue();
    const { kind } = this.#grouping;
    if (kind === 'window' && this.#grouping.early) this.#groups.closeDeserted(this.#away);
    this.#groups.cutDue(this.#away);
    this.#startAll();
  }

  /** Nothing arrives any more: what is still open goes out. False where nothing was. */
  flush(): boolean {
    const some = this.#groups.closeAll();
    this.#startAll();
    return some;
  }

  totals(): LoopTotals {
    let guestNs = 0;
    let from = Number.POSITIVE_INFINITY;
    let to = Number.NEGATIVE_INFINITY;
    for (let waiter = 0; waiter < this.#at.length; waiter++) {
      if (Number.isNaN(this.#lastNs[waiter])) continue;
      guestNs += this.#lastNs[waiter] - this.#firstNs[waiter];
      from = Math.min(from, this.#firstNs[waiter]);
      to = Math.max(to, this.#lastNs[waiter]);
    }
    return {
      calls: this.#groups.formed,
      groups: this.#groups.closings,
      entries: this.#groups.entries,
      doorbells: this.#doorbells,
      barriers: this.#barriers,
      stallNs: this.#stallNs[0],
      guestNs,
      spanNs: to < from ? 0 : to - from,
      inLineNs: this.#inLineNs[0],
    };
  }

  // Doorbells and locks (rules 2, 4, 7)

  /** What comes next for `waiter`, at its time in the agenda. */
  #plan(waiter: number, next: number): void {
    this.#next[waiter] = next;
    this.#agenda.set(waiter);
  }

  #set(waiter: number, at: number): void {
    const was = this.#at[waiter];
    if (was === at) return;
    this.#at[waiter] = at;
    if (was !== AT.away && at !== AT.away) return;
    const change = at === AT.away ? 1 : -1;
    for (const stream of this.#streamsOf[waiter]) {
      this.#away[stream] += change;
      if (this.#away[stream] === 0) this.#groups.desert(stream);
    }
  }

  /** A waiter comes to the first submission of an interval. */
  #ask(waiter: number): void {
    const cursor = this.#cursors[waiter];
    this.#firstRecordedNs[waiter] = cursor.firstNs;
    this.#hasEnded[waiter] = 0;
    this.#held[waiter] = 0;
    this.#wanted[waiter] = 0;
    if (!cursor.chained) {
      this.#ringFirst(waiter, true);
      return;
    }
    this.#set(waiter, AT.away);
    if (Number.isNaN(this.#firstNs[waiter])) this.#firstNs[waiter] = this.nowNs[0];
    this.#askedNs[waiter] = this.nowNs[0];
    if (this.#serial !== 'cpu') this.#want(waiter, cursor);
    this.#takeLocks(waiter, true);
  }

  /** Notes the locks of the interval that begins. */
  #want(waiter: number, { locks, lockCount }: Cursor): void {
    const wanted = this.#locksOf[waiter];
    let count = 0;
    for (let i = 0; i < lockCount; i++) {
      let lock = locks[i];
      if (this.#serial === 'device') {
        lock = this.#locksByStream + this.#lockStream[lock];
        if (wanted.indexOf(lock) >= 0 && wanted.indexOf(lock) < count) continue;
      }
      wanted[count++] = lock;
    }
    this.#wanted[waiter] = count;
  }

  #takeLocks(waiter: number, isAsking: boolean): void {
    const wanted = this.#locksOf[waiter];
    while (this.#held[waiter] < this.#wanted[waiter]) {
      if (!this.#locks.take(wanted[this.#held[waiter]], waiter)) {
        this.#set(waiter, AT.inLine);
        return;
      }
      this.#held[waiter]++;
    }
    if (this.#at[waiter] === AT.inLine) {
      this.#set(waiter, AT.away);
      this.#inLineNs[0] += this.nowNs[0] - this.#askedNs[waiter];
    }
    this.#ringFirst(waiter, isAsking);
  }

  #giveLocks(waiter: number): void {
    const held = this.#locksOf[waiter];
    for (let i = 0; i < this.#held[waiter]; i++) {
      const heir = this.#locks.give(held[i]);
      if (heir >= 0) this.#takeLocks(heir, false);
    }
    this.#held[waiter] = 0;
  }

  #ringFirst(waiter: number, isAsking: boolean): void {
    this.#firstBellNs[waiter] = this.nowNs[0];
    this.#ring(waiter, isAsking);
  }

  /** The doorbell rings; with no exit to pay for, its rows arrive with it. */
  #ring(waiter: number, isAsking: boolean): void {
    this.#bellNs[waiter] = this.nowNs[0];
    this.#doorbells++;
    if (this.#exitNs === 0 && isAsking) this.#arrive(waiter);
    else {
      this.#agenda.atNs[waiter] = this.nowNs[0] + this.#exitNs;
      this.#plan(waiter, NEXT.arrive);
    }
  }

  // Arrivals (rules 1, 3, 5, 9, 10)

  #arrive(waiter: number): void {
    const cursor = this.#cursors[waiter];
    const { stream, rows, what, row } = cursor;
    const groups = this.#groups;
    const waits = this.#waits;
    this.#arrivedNs[waiter] = this.nowNs[0];
    const formed = groups.formed;
    let barriers = 0;
    groups.arriving(stream, this.#inDoorbell ? waiter : -1);
    for (let i = 0; i < rows; i++) {
      const its = what[i];
      if (its === ROW.configuration) groups.configuration();
      else if (its === ROW.request) groups.makeRoom(cursor, i);
      this.#observer?.arrived?.(waiter, cursor, i, this.nowNs[0]);
      if (its === ROW.request) {
        groups.request(cursor, i);
      } else if (its === ROW.barrier) {
        const before = groups.barrier();
        waits.add(stream, waiter, barriers++ === 0, before, row[i]);
      }
    }
    groups.arrived();
    this.#barriers += barriers;
    // Nobody sees a completion before the doorbell ends (rule 5).
    if (this.#inDoorbell) waits.raise(stream, barriers, groups.asked(stream));
    const isDoorbellOver = !this.#inDoorbell || groups.formed === formed;
    if (this.#inDoorbell) this.#callsOut[waiter] += groups.formed - formed;
    this.#lastRecordedNs[waiter] = cursor.lastNs;
    cursor.advance();
    if (barriers > 0) {
      this.#hasEnded[waiter] = 1;
      this.#set(waiter, AT.waiting);
      if (this.#grouping.kind === 'released-early') this.#releaseAll(stream);
      else this.#releaseDone(stream);
    } else if (isDoorbellOver) {
      this.#ringAgain(waiter);
    }
    this.#startAll();
  }

  /** The next submission of an interval that has not ended. */
  #ringAgain(waiter: number): void {
    const cursor = this.#cursors[waiter];
    if (this.#inDoorbell) this.#inCallsNs[waiter] += this.nowNs[0] - this.#arrivedNs[waiter];
    if (!cursor.isThere) return;
    const distance = cursor.firstNs - this.#firstRecordedNs[waiter];
    this.#agenda.atNs[waiter] = Math.max(this.#firstBellNs[waiter] + distance, this.nowNs[0]);
    this.#plan(waiter, cursor.starts ? NEXT.ask : NEXT.ring);
  }

  // Releases (rule 5)

  #releaseDone(stream: number): void {
    const waits = this.#waits;
    if (waits.length(stream) === 0) return;
    const undone = Math.min(this.calls.firstOutstanding(stream), this.#groups.firstWaiting(stream));
    while (waits.length(stream) > 0 && waits.before(stream) <= undone) this.#release(stream);
  }

  #releaseAll(stream: number): void {
    while (this.#waits.length(stream) > 0) this.#release(stream);
  }

  #release(stream: number): void {
    const waits = this.#waits;
    const waiter = waits.waiter(stream);
    this.#stallNs[0] += this.nowNs[0] - waits.bellNs(stream);
    this.#observer?.released?.(stream, waits.row(stream), waiter, this.nowNs[0]);
    waits.drop(stream);
    if (waiter < 0) return;
    this.#stallNs[0] += this.#inCallsNs[waiter];
    this.#inCallsNs[waiter] = 0;
    this.#lastNs[waiter] = this.nowNs[0];
    const cursor = this.#cursors[waiter];
    this.#set(waiter, cursor.isThere && cursor.chained ? AT.away : AT.ended);
    this.#giveLocks(waiter);
    if (!cursor.isThere) return;
    const think = Math.max(0, cursor.firstNs - this.#lastRecordedNs[waiter]);
    this.#agenda.atNs[waiter] = this.nowNs[0] + think;
    this.#plan(waiter, NEXT.ask);
  }

  // Calls

  #start(server: number): void {
    const { calls } = this;
    const call = calls.start(server);
    if (call < 0) return;
    this.#observer?.started?.(call, this.nowNs[0]);
    this.#driver.issue(server, call, calls, this.#standing(call));
  }

  #startAll(): void {
    for (let server = this.#groups.takeFed(); server >= 0; server = this.#groups.takeFed())
      this.#start(server);
  }

  /** Guest CPUs that poll while a call runs outside a doorbell, less one if it releases any (rule 7). */
  #standing(call: number): number {
    if (this.#inDoorbell || !this.#polls) return 0;
    const stream = this.calls.stream[call];
    const undone = Math.min(
      this.calls.firstOutstanding(stream, call),
      this.#groups.firstWaiting(stream),
    );
    return this.#waits.standing(stream, undone);
  }
}
