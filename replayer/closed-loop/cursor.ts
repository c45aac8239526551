// Each waiter's place in a recording: its next submission, taken apart. One cursor per waiter and run.

import { ROW } from './rows.ts';
import type { TapeReader } from './tape.ts';
import { SUBMISSION, type Submissions } from './submissions.ts';

const FIRST_ROOM = 4;

/** A submission as read. Its arrays are used again for the waiter's next one. */
export class Cursor {
  /** False where the waiter has no more submissions. */
  isThere = false;
  starts = false;
  chained = false;
  stream = 0;
  /** Recorded time of its first and last row. */
  firstNs = 0;
  lastNs = 0;
  rows = 0;
  /** By row: a ROW; of requests, their sort and range. */
  what: Uint8Array = new Uint8Array(FIRST_ROOM);
  row: Float64Array = new Float64Array(FIRST_ROOM);
  sort: Int32Array = new Int32Array(FIRST_ROOM);
  page: Float64Array = new Float64Array(FIRST_ROOM);
  pages: Float64Array = new Float64Array(FIRST_ROOM);
  /** Locks of the interval that it starts, ascending. */
  readonly locks: number[] = [];
  lockCount = 0;
  readonly #tape: TapeReader;
  #lastRow = 0;
  #lastPage = 0;

  constructor(submissions: Submissions, waiter: number) {
    this.#tape = submissions.tapes.reader(waiter);
    this.advance();
  }

  /** Reads the next submission. */
  advance(): void {
    const tape = this.#tape;
    this.isThere = !tape.isOver;
    if (!this.isThere) return;
    const flags = tape.next();
    this.starts = (flags & SUBMISSION.starts) !== 0;
    this.chained = (flags & SUBMISSION.chained) !== 0;
    if (this.starts) {
      this.lockCount = tape.next();
      for (let i = 0; i < this.lockCount; i++) this.locks[i] = tape.next();
    }
    this.stream = tape.next();
    this.firstNs = this.lastNs + tape.nextSigned();
    this.lastNs = this.firstNs + tape.nextSigned();
    this.rows = tape.next();
    if (this.rows > this.what.length) this.#room(2 * this.rows);
    for (let i = 0; i < this.rows; i++) {
      const value = tape.next();
      this.#lastRow += tape.nextSigned();
      this.row[i] = this.#lastRow;
      if (value < 4) {
        this.what[i] = value;
        continue;
      }
      this.what[i] = ROW.request;
      this.sort[i] = (value - ROW.request) / 4 - 1;
      this.#lastPage += tape.nextSigned();
      this.page[i] = this.#lastPage;
      this.pages[i] = tape.next();
    }
  }

  #room(rows: number): void {
    this.what = new Uint8Array(rows);
    this.row = new Float64Array(rows);
    this.sort = new Int32Array(rows);
    this.page = new Float64Array(rows);
    this.pages = new Float64Array(rows);
  }
}
