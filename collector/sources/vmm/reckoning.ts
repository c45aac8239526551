// Sets what became rows against what the kernel counted, which no full buffer can lose: the rest is lost, to
// the entry. Names the reasons it knows.

import type { LossLog } from '../../model/index.ts';
import { readableBytes, type Call, type VmmRows } from './rows.ts';

export type Counted = 'enters' | 'exits' | 'entries';

export class VmmReckoning {
  readonly #rows: VmmRows;
  readonly #losses: LossLog;
  readonly #limit: number;
  readonly #counts = new Map<string, number>();
  /** Entries that are counted as lost already. */
  #told = 0;

  /** `limit`: bytes of entries that are read of one call. */
  constructor(rows: VmmRows, losses: LossLog, limit: number) {
    this.#rows = rows;
    this.#losses = losses;
    this.#limit = limit;
  }

  /** Counts at once what a call has beyond the limit. */
  tell(call: Call, line: number): void {
    if (call.entryBytes === 0) return;
    const beyond = call.entries - readableBytes(call, this.#limit) / call.entryBytes;
    if (beyond === 0) return;
    this.#told += beyond;
    this.#losses.add(
      line,
      'line',
      `entries beyond the first ${this.#limit} bytes of a call`,
      beyond,
    );
  }

  counted(name: string, count: number): void {
    this.#counts.set(name, count);
  }

  /** Call once, when nothing more comes. */
  close(line: number): void {
    const rows = this.#rows;
    const { unreadable } = rows;
    if (unreadable > 0) {
      this.#losses.add(line, 'line', 'entries whose memory could not be read', unreadable);
    }
    if (this.#counts.size === 0) {
      this.#losses.add(line, 'line', "the kernel's own counts are missing, number not told");
      return;
    }
    const enters = this.#counts.get('enters') ?? 0;
    this.#missing(
      line,
      'entries',
      rows.entryRows + unreadable + this.#told,
      `entries of ${enters} calls did not arrive`,
    );
    this.#missing(line, 'exits', rows.barrierRows, 'returns did not arrive');
  }

  #missing(line: number, name: Counted, kept: number, what: string): void {
    const lost = (this.#counts.get(name) ?? 0) - kept;
    if (lost > 0) this.#losses.add(line, 'line', what, lost);
  }
}
