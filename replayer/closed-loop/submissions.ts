// Captured rows -> the submissions of each waiter, in its own order: what a closed loop lets happen again.
// Owns rules 1 to 3 and 6 of design §13 as far as they follow from the recording alone: which rows arrive
// together, where an interval ends, which locks it takes. Allocates nothing per row.

import { ROW, type LoopRows } from './rows.ts';
import { Tapes } from './tape.ts';

/** Rows of an interval that has not ended are held to learn its locks; older ones are let go as its own. */
const MOST_HELD_ROWS = 65_536;

/** Bits of a submission's first value on the tape. */
export const SUBMISSION = {
  /** It is the first of an interval: the interval's locks follow. */
  starts: 1,
  /** It belongs to an interval that ends at a barrier of its waiter. */
  chained: 2,
} as const;

/** What requests of one sort have in common. */
export interface RequestSort {
  readonly lock: number;
  readonly target: number;
  readonly kind: number;
  readonly commands: number;
}

/** Places in a held submission, before its rows. */
const HEAD = { stream: 0, firstNs: 1, lastNs: 2, rows: 3, asks: 4, length: 5 } as const;

/** Values of a held row. */
const ROW_VALUES = 3;

/** What a waiter's rows have come to since its last barrier. */
interface Open {
  /** Held submissions: HEAD, then per row its ROW and sort, its number and its time. */
  readonly values: number[];
  length: number;
  /** Where the current submission begins; -1 before the first. */
  head: number;
  doorbell: number;
  hasBarrier: boolean;
  readonly locks: number[];
  /** Configuration rows of submissions that start no interval: they arrive with the next of their stream. */
  readonly carried: number[];
  lastNs: number;
  lastRow: number;
  /** True where an interval ended at a barrier before. */
  hasEnded: boolean;
}

/** The submissions of all waiters, kept so that each can be read at its own pace, again and again. */
export class Submissions {
  readonly sorts: RequestSort[] = [];
  /** By lock: its number in the recording, and the stream whose requests take it. */
  readonly lockNumbers: number[] = [];
  readonly lockStream: number[] = [];
  /** Number of each stream and waiter in the recording, in the order of their first rows. */
  readonly streams: number[] = [];
  readonly waiters: number[] = [];
  /** By waiter: its intervals that end at a barrier. */
  readonly intervals: number[] = [];
  /** By waiter: the streams that it has rows in. */
  readonly streamsOf: number[][] = [];
  targets = 0;
  rows = 0;
  /** Intervals that began, in the recording, before the one before them was over. */
  negativeThinks = 0;
  /** Doorbells with several barriers: CPUs that wait at the same time. */
  severalWaits = 0;
  /** Rows of a doorbell that another waiter carried than its first row's. */
  foreignRows = 0;
  readonly tapes: Tapes;
  readonly #sortOf = new Map<string, number>();
  readonly #lockOf = new Map<number, number>();
  readonly #targetOf = new Map<number, number>();
  readonly #streamOf = new Map<number, number>();
  readonly #waiterOf = new Map<number, number>();
  readonly #open: Open[] = [];
  /** By stream: its last doorbell and who rang it. */
  readonly #doorbell: number[] = [];
  readonly #doorbellWaiter: number[] = [];
  #lastSort = -1;
  readonly #lastKey = [-1, -1, -1, -1, -1];

  constructor(tapes = new Tapes()) {
    this.tapes = tapes;
  }

  /** Rows in capture order, in as many pieces as they come. */
  push(rows: LoopRows): void {
    for (let i = 0; i < rows.count; i++) this.#row(rows, i, this.rows++);
  }

  /** No more rows. */
  end(): void {
    this.#open.forEach((open, waiter) => {
      this.#endSubmission(open, waiter);
      if (open.length > 0) this.#emit(open, waiter, false);
    });
  }

  close(): void {
    this.tapes.close();
  }

  #row(rows: LoopRows, i: number, row: number): void {
    const stream = indexOf(rows.stream[i], this.#streamOf, this.streams);
    const waiter = indexOf(rows.waiter[i], this.#waiterOf, this.waiters);
    if (waiter === this.#open.length) this.#newWaiter();
    const open = this.#open[waiter];
    const doorbell = rows.submission[i];
    const what = rows.what[i];
    const tNs = rows.tNs[i];
    this.#watchDoorbell(stream, doorbell, waiter);
    const { values } = open;
    if (
      open.head < 0 ||
      values[open.head + HEAD.stream] !== stream ||
      open.doorbell !== doorbell ||
      (doorbell === 0 && open.hasBarrier)
    ) {
      this.#endSubmission(open, waiter);
      this.#begin(open, stream, tNs);
      open.doorbell = doorbell;
    }
    const { head } = open;
    values[head + HEAD.lastNs] = tNs;
    values[head + HEAD.rows]++;
    if (what === ROW.request) {
      const sort = this.#sort(rows, i, stream);
      values[open.length++] = what + 4 * sort;
      values[head + HEAD.asks] = 1;
      if (!open.hasBarrier) addOnce(open.locks, this.sorts[sort].lock);
    } else {
      values[open.length++] = what;
      if (what === ROW.barrier) {
        values[head + HEAD.asks] = 1;
        if (open.hasBarrier) this.severalWaits++;
        open.hasBarrier = true;
      }
    }
    values[open.length++] = row;
    values[open.length++] = tNs;
    if (open.length > ROW_VALUES * MOST_HELD_ROWS && !open.hasBarrier)
      this.#emit(open, waiter, false);
  }

  #newWaiter(): void {
    this.intervals.push(0);
    this.streamsOf.push([]);
    this.#open.push({
      values: [],
      length: 0,
      head: -1,
      doorbell: 0,
      hasBarrier: false,
      locks: [],
      carried: [],
      lastNs: 0,
      lastRow: 0,
      hasEnded: false,
    });
  }

  #watchDoorbell(stream: number, doorbell: number, waiter: number): void {
    if (doorbell !== 0 && this.#doorbell[stream] === doorbell) {
      if (this.#doorbellWaiter[stream] !== waiter) this.foreignRows++;
      return;
    }
    this.#doorbell[stream] = doorbell;
    this.#doorbellWaiter[stream] = waiter;
  }

  #begin(open: Open, stream: number, tNs: number): void {
    const { values } = open;
    open.head = open.length;
    values[open.length + HEAD.stream] = stream;
    values[open.length + HEAD.firstNs] = tNs;
    values[open.length + HEAD.lastNs] = tNs;
    values[open.length + HEAD.rows] = 0;
    values[open.length + HEAD.asks] = 0;
    open.length += HEAD.length;
    open.hasBarrier = false;
    const { carried } = open;
    let kept = 0;
    for (let i = 0; i < carried.length; i += 2) {
      if (carried[i] !== stream) {
        carried[kept++] = carried[i];
        carried[kept++] = carried[i + 1];
        continue;
      }
      values[open.length++] = ROW.configuration;
      values[open.length++] = carried[i + 1];
      values[open.length++] = tNs;
      values[open.head + HEAD.rows]++;
    }
    carried.length = kept;
  }

  /** The current submission is over; with a barrier, so is its interval. */
  #endSubmission(open: Open, waiter: number): void {
    const { values, head } = open;
    if (head < 0) return;
    open.head = -1;
    if (open.hasBarrier) {
      this.#emit(open, waiter, true);
    } else if (head === 0 && values[HEAD.asks] === 0) {
      // It starts no interval (rule 2); what it configures must not be passed all the same.
      for (let at = HEAD.length; at < open.length; at += ROW_VALUES)
        if (values[at] === ROW.configuration)
          open.carried.push(values[HEAD.stream], values[at + 1]);
      open.length = 0;
    }
  }

  /** Writes the held submissions: an interval where `chained`, rows that no barrier follows otherwise. */
  #emit(open: Open, waiter: number, chained: boolean): void {
    const { values } = open;
    if (chained) {
      this.intervals[waiter]++;
      if (open.hasEnded && values[HEAD.firstNs] < open.lastNs) this.negativeThinks++;
      open.hasEnded = true;
    }
    for (let at = 0; at < open.length;) {
      const rows = values[at + HEAD.rows];
      const end = at + HEAD.length + ROW_VALUES * rows;
      if (!chained && open.doorbell === 0) {
        // Nothing tells what arrives together where no doorbell is seen and nobody waits.
        for (let row = at + HEAD.length; row < end; row += ROW_VALUES)
          this.#write(open, waiter, { flags: 0, head: at, from: row, to: row + ROW_VALUES });
      } else {
        const flags = (at === 0 ? SUBMISSION.starts : 0) + (chained ? SUBMISSION.chained : 0);
        this.#write(open, waiter, { flags, head: at, from: at + HEAD.length, to: end });
      }
      at = end;
    }
    open.length = 0;
    open.head = -1;
    open.hasBarrier = false;
    open.locks.length = 0;
  }

  #write(
    open: Open,
    waiter: number,
    part: {
      readonly flags: number;
      readonly head: number;
      readonly from: number;
      readonly to: number;
    },
  ): void {
    const { tapes } = this;
    const { values, locks } = open;
    const { flags, head, from, to } = part;
    const isWhole = to - from === ROW_VALUES * values[head + HEAD.rows];
    const firstNs = isWhole ? values[head + HEAD.firstNs] : values[from + 2];
    const lastNs = isWhole ? values[head + HEAD.lastNs] : firstNs;
    const stream = values[head + HEAD.stream];
    addOnce(this.streamsOf[waiter], stream);
    tapes.put(waiter, flags);
    if ((flags & SUBMISSION.starts) !== 0) {
      if (locks.length > 1) locks.sort((a, b) => this.lockNumbers[a] - this.lockNumbers[b]);
      tapes.put(waiter, locks.length);
      for (const lock of locks) tapes.put(waiter, lock);
    }
    tapes.put(waiter, stream);
    tapes.putSigned(waiter, firstNs - open.lastNs);
    tapes.putSigned(waiter, lastNs - firstNs);
    tapes.put(waiter, (to - from) / ROW_VALUES);
    for (let at = from; at < to; at += ROW_VALUES) {
      tapes.put(waiter, values[at]);
      tapes.putSigned(waiter, values[at + 1] - open.lastRow);
      open.lastRow = values[at + 1];
    }
    open.lastNs = lastNs;
  }

  #sort(rows: LoopRows, i: number, stream: number): number {
    const key = this.#lastKey;
    if (
      key[0] === stream &&
      key[1] === rows.lock[i] &&
      key[2] === rows.target[i] &&
      key[3] === rows.kind[i] &&
      key[4] === rows.commands[i]
    )
      return this.#lastSort;
    key[0] = stream;
    key[1] = rows.lock[i];
    key[2] = rows.target[i];
    key[3] = rows.kind[i];
    key[4] = rows.commands[i];
    const text = key.join();
    let sort = this.#sortOf.get(text);
    if (sort === undefined) {
      sort = this.sorts.length;
      this.#sortOf.set(text, sort);
      const lock = indexOf(rows.lock[i], this.#lockOf, this.lockNumbers);
      this.lockStream[lock] = stream;
      let target = this.#targetOf.get(rows.target[i]);
      if (target === undefined) this.#targetOf.set(rows.target[i], (target = this.targets++));
      this.sorts.push({ lock, target, kind: rows.kind[i], commands: rows.commands[i] });
    }
    this.#lastSort = sort;
    return sort;
  }
}

/** The place of `value` in `list`, to which it is appended where it is new. */
function indexOf(value: number, places: Map<number, number>, list: number[]): number {
  let place = places.get(value);
  if (place === undefined) {
    place = list.length;
    places.set(value, place);
    list.push(value);
  }
  return place;
}

function addOnce(list: number[], value: number): void {
  if (list.length === 0 || (list[list.length - 1] !== value && !list.includes(value)))
    list.push(value);
}
