// XXH64 with seed 0: the content checksum of a zstd frame is its low four bytes (RFC 8878, 3.1.1).
// 64-bit arithmetic in two 32-bit halves, because BigInt is some fifty times slower.

const STRIPE_BYTES = 32;

/** The five primes of XXH64 as low and high half. */
const P1 = [0x85eb_ca87, 0x9e37_79b1] as const;
const P2 = [0x27d4_eb4f, 0xc2b2_ae3d] as const;
const P3 = [0x9e37_79f9, 0x1656_67b1] as const;
const P4 = [0xc2b2_ae63, 0x85eb_ca77] as const;
const P5 = [0x1656_67c5, 0x27d4_eb2f] as const;

type Word = readonly [number, number];

export class Xxh64 {
  /** Four accumulators, low and high half each. */
  readonly #acc = new Int32Array(8);
  readonly #rest = new Uint8Array(STRIPE_BYTES);
  #have = 0;
  #total = 0;

  constructor() {
    const start = [add(P1, P2), P2, [0, 0] as Word, subtract([0, 0], P1)];
    for (const [i, [low, high]] of start.entries()) {
      this.#acc[i * 2] = low;
      this.#acc[i * 2 + 1] = high;
    }
  }

  update(bytes: Uint8Array): void {
    this.#total += bytes.length;
    let at = 0;
    if (this.#have > 0) {
      const taken = Math.min(STRIPE_BYTES - this.#have, bytes.length);
      this.#rest.set(bytes.subarray(0, taken), this.#have);
      this.#have += taken;
      at = taken;
      if (this.#have < STRIPE_BYTES) return;
      this.#stripes(this.#rest, 0, STRIPE_BYTES);
      this.#have = 0;
    }
    const whole = bytes.length - ((bytes.length - at) % STRIPE_BYTES);
    if (whole > at) this.#stripes(bytes, at, whole);
    this.#have = bytes.length - whole;
    this.#rest.set(bytes.subarray(whole), 0);
  }

  /** The low 32 bits of the digest: what a zstd frame stores. */
  low32(): number {
    let hash: Word = this.#total >= STRIPE_BYTES ? this.#merged() : P5;
    hash = add(hash, [this.#total | 0, Math.floor(this.#total / 2 ** 32)]);
    const view = new DataView(this.#rest.buffer);
    let at = 0;
    for (; at + 8 <= this.#have; at += 8) {
      const word: Word = [view.getInt32(at, true), view.getInt32(at + 4, true)];
      hash = xor(hash, round([0, 0], word));
      hash = add(multiply(rotate(hash, 27), P1), P4);
    }
    if (at + 4 <= this.#have) {
      hash = xor(hash, multiply([view.getInt32(at, true), 0], P1));
      hash = add(multiply(rotate(hash, 23), P2), P3);
      at += 4;
    }
    for (; at < this.#have; at++) {
      hash = xor(hash, multiply([this.#rest[at], 0], P5));
      hash = multiply(rotate(hash, 11), P1);
    }
    hash = multiply(xor(hash, shiftRight(hash, 33)), P2);
    hash = multiply(xor(hash, shiftRight(hash, 29)), P3);
    return xor(hash, shiftRight(hash, 32))[0] >>> 0;
  }

  #merged(): Word {
    const lanes = [0, 1, 2, 3].map((i): Word => [this.#acc[i * 2], this.#acc[i * 2 + 1]]);
    const turns = [1, 7, 12, 18];
    let hash = lanes.map((lane, i) => rotate(lane, turns[i])).reduce((sum, lane) => add(sum, lane));
    for (const lane of lanes) {
      hash = add(multiply(xor(hash, round([0, 0], lane)), P1), P4);
    }
    return hash;
  }

  /** acc = rotate(acc + word × P2, 31) × P1, a lane a word; written out, since this is all the time. */
  #stripes(bytes: Uint8Array, from: number, to: number): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const acc = this.#acc;
    for (let lane = 0; lane < 4; lane++) {
      let low = acc[lane * 2];
      let high = acc[lane * 2 + 1];
      for (let at = from + lane * 8; at < to; at += STRIPE_BYTES) {
        // word × P2
        const wordLow = view.getInt32(at, true);
        const a0 = wordLow & 0xffff;
        const a1 = wordLow >>> 16;
        const p00 = Math.imul(a0, 0xeb4f);
        const mid = Math.imul(a1, 0xeb4f) + (p00 >>> 16);
        const mid2 = Math.imul(a0, 0x27d4) + (mid & 0xffff);
        const productHigh = Math.imul(a1, 0x27d4) + (mid >>> 16) + (mid2 >>> 16);
        const productLow = (mid2 << 16) | (p00 & 0xffff);
        const wordHigh =
          (productHigh +
            Math.imul(wordLow, P2[1]) +
            Math.imul(view.getInt32(at + 4, true), P2[0])) |
          0;
        // acc + that
        const sum = (low >>> 0) + (productLow >>> 0);
        const sumHigh = (high + wordHigh + (sum > 0xffff_ffff ? 1 : 0)) | 0;
        const sumLow = sum | 0;
        // rotated left by 31, which is right by 33: the halves change places and move on by one
        const turnedLow = (sumHigh >>> 1) | (sumLow << 31);
        const turnedHigh = (sumLow >>> 1) | (sumHigh << 31);
        // × P1
        const b0 = turnedLow & 0xffff;
        const b1 = turnedLow >>> 16;
        const q00 = Math.imul(b0, 0xca87);
        const mid3 = Math.imul(b1, 0xca87) + (q00 >>> 16);
        const mid4 = Math.imul(b0, 0x85eb) + (mid3 & 0xffff);
        const carried = Math.imul(b1, 0x85eb) + (mid3 >>> 16) + (mid4 >>> 16);
        low = (mid4 << 16) | (q00 & 0xffff);
        high = (carried + Math.imul(turnedLow, P1[1]) + Math.imul(turnedHigh, P1[0])) | 0;
      }
      acc[lane * 2] = low;
      acc[lane * 2 + 1] = high;
    }
  }
}

function add(a: Word, b: Word): Word {
  const low = (a[0] >>> 0) + (b[0] >>> 0);
  return [low | 0, (a[1] + b[1] + (low > 0xffff_ffff ? 1 : 0)) | 0];
}

function subtract(a: Word, b: Word): Word {
  return add(a, add([~b[0], ~b[1]], [1, 0]));
}

function xor(a: Word, b: Word): Word {
  return [a[0] ^ b[0], a[1] ^ b[1]];
}

/** Left by 0 < `bits` < 32. */
function rotate(a: Word, bits: number): Word {
  return [(a[0] << bits) | (a[1] >>> (32 - bits)), (a[1] << bits) | (a[0] >>> (32 - bits))];
}

function shiftRight(a: Word, bits: number): Word {
  if (bits >= 32) return [a[1] >>> (bits - 32), 0];
  return [(a[0] >>> bits) | (a[1] << (32 - bits)), a[1] >>> bits];
}

function multiply(a: Word, b: Word): Word {
  const [a0, a1, b0, b1] = [a[0] & 0xffff, a[0] >>> 16, b[0] & 0xffff, b[0] >>> 16];
  const p00 = Math.imul(a0, b0);
  const mid = Math.imul(a1, b0) + (p00 >>> 16); // the sums stay below 2^32: modulo it they are exact
  const mid2 = Math.imul(a0, b1) + (mid & 0xffff);
  const high = Math.imul(a1, b1) + (mid >>> 16) + (mid2 >>> 16);
  return [
    (mid2 << 16) | (p00 & 0xffff),
    (high + Math.imul(a[0], b[1]) + Math.imul(a[1], b[0])) | 0,
  ];
}

function round(acc: Word, word: Word): Word {
  const sum = add(acc, multiply(word, P2));
  return multiply([(sum[1] >>> 1) | (sum[0] << 31), (sum[0] >>> 1) | (sum[1] << 31)], P1);
}
