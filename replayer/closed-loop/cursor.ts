// Each waiter's place in a recording: its next submission, taken apart. One cursor per waiter and run.

import type { TapeReader } from './tape.ts';
import { SUBMISSION, type Submissions } from './submissions.ts';

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
  /** By row: a ROW, of requests with 4 × its sort added. */
  what: Float64Array = new Float64Array(4);
  row: Float64Array = new Float64Array(4);
  /** Locks of the interval that it starts, ascending. */
  readonly locks: number[] = [];
  lockCount = 0;
  readonly #tape: TapeReader;
  #lastRow = 0;

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
    if (this.rows > this.what.length) {
      this.what = new Float64Array(2 * this.rows);
      this.row = new Float64Array(2 * this.rows);
    }
    for (let i = 0; i < this.rows; i++) {
      this.what[i] = tape.next();
      this.#lastRow += tape.nextSigned();
      this.row[i] = this.#lastRow;
    }
  }
}
