// Captured rows -> the submissions of each waiter, in its own order: what a closed loop lets happen again.
// Owns rules 1 to 3 and 6 of design §13 as far as they follow from the recording alone: which rows arrive
// together, where an interval ends, which locks it takes. Allocates nothing per row.

import { EACH_ENTRY, ROW, type LoopRows } from './rows.ts';
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
  readonly scope: number;
  readonly flags: number;
  readonly present: number;
  readonly domainId: number;
  readonly pasid: number;
  readonly sourceId: number;
  readonly commands: number;
}

/** Places in a held submission, before its rows. */
const HEAD = { stream: 0, firstNs: 1, lastNs: 2, rows: 3, asks: 4, length: 5 } as const;

/** Values of a held row. */
const ROW_VALUES = 5;

/** What a waiter's rows have come to since its last barrier. */
interface Open {
  /** Held submissions: HEAD, then per row its ROW and sort, its number, its time and its range. */
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
  lastPage: number;
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
  readonly #targetNumbers: number[] = [];
  #lastSort = -1;
  #lastStream = -1;

  constructor(tapes = new Tapes()) {
    this.tapes = tapes;
  }

  get targets(): number {
    return this.#targetNumbers.length;
  }

  /** The target whose entries are a call each; -1 where there is none. */
  get eachEntry(): number {
    return this.#targetNumbers.indexOf(EACH_ENTRY);
  }

  /** Rows in capture order, in as many pieces as they come. */
  push(rows: LoopRows): void {
    for (let i = 0; i < rows.count; i++) this.#row(rows, i);
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

  #row(rows: LoopRows, i: number): void {
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
      values[open.length++] = what + 4 * (sort + 1);
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
    values[open.length++] = rows.seq[i];
    values[open.length++] = tNs;
    values[open.length++] = rows.page[i];
    values[open.length++] = rows.pages[i];
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
      lastPage: 0,
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
      values[open.length++] = 0;
      values[open.length++] = 0;
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
      if (values[at] < 4) continue;
      tapes.putSigned(waiter, values[at + 3] - open.lastPage);
      tapes.put(waiter, values[at + 4]);
      open.lastPage = values[at + 3];
    }
    open.lastNs = lastNs;
  }

  #sort(rows: LoopRows, i: number, stream: number): number {
    const last = this.#lastSort >= 0 ? this.sorts[this.#lastSort] : undefined;
    if (
      last !== undefined &&
      this.#lastStream === stream &&
      this.lockNumbers[last.lock] === rows.lock[i] &&
      this.#targetNumbers[last.target] === rows.target[i] &&
      last.kind === rows.kind[i] &&
      last.scope === rows.scope[i] &&
      last.flags === rows.flags[i] &&
      last.present === rows.present[i] &&
      last.domainId === rows.domainId[i] &&
      last.pasid === rows.pasid[i] &&
      last.sourceId === rows.sourceId[i] &&
      last.commands === rows.commands[i]
    )
      return this.#lastSort;
    this.#lastStream = stream;
    return (this.#lastSort = this.#newSort(rows, i, stream));
  }

  #newSort(rows: LoopRows, i: number, stream: number): number {
    const fields = {
      kind: rows.kind[i],
      scope: rows.scope[i],
      flags: rows.flags[i],
      present: rows.present[i],
      domainId: rows.domainId[i],
      pasid: rows.pasid[i],
      sourceId: rows.sourceId[i],
      commands: rows.commands[i],
    };
    const text = [stream, rows.lock[i], rows.target[i], ...Object.values(fields)].join();
    let sort = this.#sortOf.get(text);
    if (sort === undefined) {
      sort = this.sorts.length;
      this.#sortOf.set(text, sort);
      const lock = indexOf(rows.lock[i], this.#lockOf, this.lockNumbers);
      this.lockStream[lock] = stream;
      const target = indexOf(rows.target[i], this.#targetOf, this.#targetNumbers);
      this.sorts.push({ lock, target, ...fields });
    }
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
