// Time stamps of QEMU's log backend: `TID@SEC.USEC:` up to 10.1, `YYYY-MM-DDTHH:MM:SS.uuuuuuZ ` from 10.2,
// whole seconds there without decimals, none without `-msg timestamp=on` (spec 6.7). This is the fast path;
// a line with anything else before the event goes through prefix.ts.

import { type TextCursor } from '../../base/index.ts';

const AT = 64;
const DOT = 46;
const COLON = 58;
const DASH = 45;
const CAPITAL_T = 84;
const CAPITAL_Z = 90;
const SPACE = 32;

/** Microseconds of time are kept as seconds and the rest, so that both stay exact small numbers. */
export class StampReader {
  seconds = 0;
  micros = 0;
  /** Digits of the fraction that was printed. */
  digits = 6;
  /** The thread that printed the line; -1 where the stamp does not show it. */
  thread = -1;

  /** Reads a stamp at the cursor. False, with the cursor back at the start, where there is none. */
  read(cursor: TextCursor): boolean {
    const start = cursor.at;
    if (this.#classic(cursor)) return true;
    cursor.at = start;
    cursor.ok = true;
    if (this.#iso(cursor)) return true;
    cursor.at = start;
    cursor.ok = true;
    return false;
  }

  #classic(cursor: TextCursor): boolean {
    this.thread = cursor.decimal();
    if (!cursor.ok || cursor.bytes[cursor.at] !== AT) return false;
    cursor.at++;
    this.seconds = cursor.decimal();
    return cursor.ok && this.#micros(cursor, COLON);
  }

  #iso(cursor: TextCursor): boolean {
    const { bytes, at } = cursor;
    if (cursor.end - at < 21 || bytes[at + 4] !== DASH || bytes[at + 10] !== CAPITAL_T)
      return false;
    const part = (from: number, to: number): number => {
      let value = 0;
      for (let i = at + from; i < at + to; i++) {
        const digit = bytes[i] - 48;
        if (digit < 0 || digit > 9) return Number.NaN;
        value = value * 10 + digit;
      }
      return value;
    };
    const days = Date.UTC(part(0, 4), part(5, 7) - 1, part(8, 10)) / 1000;
    this.seconds = days + part(11, 13) * 3600 + part(14, 16) * 60 + part(17, 19);
    if (!Number.isSafeInteger(this.seconds)) return false;
    this.thread = -1;
    cursor.at = at + 19;
    if (bytes[cursor.at] === CAPITAL_Z) {
      this.digits = 0;
      this.micros = 0; // GLib leaves the decimals of a whole second out
      cursor.at++;
    } else if (!this.#micros(cursor, CAPITAL_Z)) {
      return false;
    }
    if (bytes[cursor.at] !== SPACE) return false;
    cursor.at++;
    return true;
  }

  #micros(cursor: TextCursor, after: number): boolean {
    if (cursor.bytes[cursor.at] !== DOT) return false;
    this.digits = 6;
    cursor.at++;
    const start = cursor.at;
    this.micros = cursor.decimal();
    if (!cursor.ok || cursor.at - start !== 6 || cursor.bytes[cursor.at] !== after) return false;
    cursor.at++;
    return true;
  }
}
