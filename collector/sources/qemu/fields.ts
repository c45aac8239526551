// Steps over the `name=value` fields of QEMU's event texts. `cursor.ok` tells whether all were there.

import { ascii, type TextCursor } from '../../base/index.ts';

const MINUS = 45;
const PAGES_PER_HIGH_WORD = 0x10_0000; // 2^32 bytes / 4 KiB

export type Field = Uint8Array;

/** The text before a field's value, for `expect`. */
export const field = (text: string): Field => ascii(text);

/** A decimal after `before`; -1 is how QEMU prints "none". */
export function decimalAfter(cursor: TextCursor, before: Field): number {
  cursor.expect(before);
  if (cursor.bytes[cursor.at] !== MINUS) return cursor.decimal();
  cursor.at++;
  return -cursor.decimal();
}

/** A hex number after `before` as a double: for values below 2^53. */
export function hexAfter(cursor: TextCursor, before: Field): number {
  cursor.expect(before);
  cursor.hex64();
  return cursor.high * 0x1_0000_0000 + cursor.low;
}

/** The 4 KiB page of a hex address after `before`. */
export function pageAfter(cursor: TextCursor, before: Field): number {
  cursor.expect(before);
  cursor.hex64();
  return cursor.high * PAGES_PER_HIGH_WORD + (cursor.low >>> 12);
}

/** Steps over `text` where it comes next. False, with the cursor where it was, where it does not. */
export function skips(cursor: TextCursor, text: Field): boolean {
  const start = cursor.at;
  cursor.expect(text);
  if (cursor.ok) return true;
  cursor.at = start;
  cursor.ok = true;
  return false;
}
