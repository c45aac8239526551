// Takes out of a byte stream what terminals, editors and copies leave in a log: colours and other escape
// sequences, byte-order marks, NULs. Lines keep their numbers. Shared by every source that reads lines.

const ESCAPE = 27;
const OPEN = 91;
const CLOSE = 93;
const BELL = 7;
const BACKSLASH = 92;
const NEWLINE = 10;
const MARK = [0xef, 0xbb, 0xbf] as const;
/** A sequence that is longer than this is none. */
const SEQUENCE_LIMIT_BYTES = 256;
const NONE = new Uint8Array(0);

export class CleanText {
  /** The start of a sequence or mark whose rest has not come yet. */
  #carry: Uint8Array = NONE;

  /** `chunk` without them; `chunk` itself where there was nothing to take out. */
  push(chunk: Uint8Array): Uint8Array {
    let bytes = chunk;
    if (this.#carry.length > 0) {
      bytes = new Uint8Array(this.#carry.length + chunk.length);
      bytes.set(this.#carry);
      bytes.set(chunk, this.#carry.length);
      this.#carry = NONE;
    }
    // Three searches of the whole chunk cost next to nothing: they are the runtime's own.
    const isClean = !bytes.includes(ESCAPE) && !bytes.includes(0) && !bytes.includes(MARK[0]);
    return isClean ? bytes : this.#clean(bytes);
  }

  /** What was held back: it was no sequence after all. */
  end(): Uint8Array {
    const rest = this.#carry;
    this.#carry = NONE;
    return rest;
  }

  #clean(bytes: Uint8Array): Uint8Array {
    const out = new Uint8Array(bytes.length);
    let length = 0;
    let at = 0;
    while (at < bytes.length) {
      const code = bytes[at];
      if (code === 0) {
        at++;
        continue;
      }
      const used =
        code === ESCAPE ? escapeBytes(bytes, at) : code === MARK[0] ? mark(bytes, at) : 0;
      if (used < 0) {
        this.#carry = bytes.slice(at);
        break;
      }
      if (used > 0) {
        at += used;
        continue;
      }
      out[length++] = code;
      at++;
    }
    return out.subarray(0, length);
  }
}

/** Bytes of the sequence at `at`; 0 where it is none, -1 where its end has not come. */
function escapeBytes(bytes: Uint8Array, at: number): number {
  const end = Math.min(bytes.length, at + SEQUENCE_LIMIT_BYTES);
  if (at + 1 >= bytes.length) return -1;
  const second = bytes[at + 1];
  if (second === OPEN) {
    for (let i = at + 2; i < end; i++) {
      const code = bytes[i];
      if (code >= 0x40 && code <= 0x7e) return i + 1 - at;
      if (code < 0x20) return 0;
    }
  } else if (second === CLOSE) {
    for (let i = at + 2; i < end; i++) {
      if (bytes[i] === BELL) return i + 1 - at;
      if (bytes[i] === ESCAPE && bytes[i + 1] === BACKSLASH) return i + 2 - at;
      if (bytes[i] === NEWLINE) return 0;
    }
  } else {
    return second >= 0x30 && second <= 0x7e ? 2 : 0;
  }
  return end === bytes.length && end - at < SEQUENCE_LIMIT_BYTES ? -1 : 0;
}

function mark(bytes: Uint8Array, at: number): number {
  for (let i = 1; i < MARK.length; i++) {
    if (at + i === bytes.length) return -1;
    if (bytes[at + i] !== MARK[i]) return 0;
  }
  return MARK.length;
}
