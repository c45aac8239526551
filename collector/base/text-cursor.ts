// Reads fields from a line of bytes without making strings: the inner part of every text source.
// A failed read leaves `ok` false; the caller decides once, at the end of the line.

export class TextCursor {
  bytes: Uint8Array = new Uint8Array(0);
  at = 0;
  end = 0;
  ok = true;
  /** Result of `hex64`: low and high half. */
  low = 0;
  high = 0;

  open(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
    this.ok = true;
  }

  /** Steps over `text` (ASCII bytes). */
  expect(text: Uint8Array): void {
    const { bytes, at } = this;
    if (at + text.length > this.end) {
      this.ok = false;
      return;
    }
    for (let i = 0; i < text.length; i++) {
      if (bytes[at + i] !== text[i]) {
        this.ok = false;
        return;
      }
    }
    this.at = at + text.length;
  }

  /** Up to 16 hex digits into `low` and `high`, at least one. */
  hex64(): void {
    let low = 0;
    let high = 0;
    let digits = 0;
    let at = this.at;
    for (; at < this.end; at++) {
      const digit = hexDigit(this.bytes[at]);
      if (digit < 0) break;
      high = (high << 4) | (low >>> 28);
      low = (low << 4) | digit;
      digits++;
    }
    if (digits === 0 || digits > 16) this.ok = false;
    this.at = at;
    this.low = low >>> 0;
    this.high = high >>> 0;
  }

  /** Decimal digits, at least one and at most 15 (exact as a double). */
  decimal(): number {
    let value = 0;
    const start = this.at;
    let at = start;
    for (; at < this.end; at++) {
      const digit = this.bytes[at] - 48;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    if (at === start || at - start > 15) this.ok = false;
    this.at = at;
    return value;
  }

  /** True where the line ends here. */
  atEnd(): boolean {
    return this.at === this.end;
  }
}

function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  if (code >= 97 && code <= 102) return code - 87;
  if (code >= 65 && code <= 70) return code - 55;
  return -1;
}

/** ASCII text as bytes, for `expect` and tables. */
export function ascii(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'latin1'));
}
