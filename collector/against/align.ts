// Aligns two sequences of request keys that should be views of one stream: stretches that occur once in each
// are the anchors, the gaps between are aligned the same way with shorter stretches, what is left by the
// longest common subsequence. Patience diff, with time keeping far-off repeats apart.

import { mix, type RequestKeys } from './request-keys.ts';

/** Lengths of the anchoring stretches, longest first: real streams repeat short ones over and over. */
const STRETCHES = [64, 16, 4, 1] as const;
/** Anchors are looked for among at most about so many stretches a side; longer inputs are sampled. */
const SAMPLED_STRETCHES = 2_000_000;
/** Cells of the longest-common-subsequence table of a gap; a larger gap stays unmatched. */
const TABLE_CELLS = 4_000_000;
/** Outside the anchors, requests this far from where the clocks put them are not the same. */
const EDGE_TOLERANCE_NS = 100e6;

/** A part of both sequences: half-open index ranges. */
interface Part {
  readonly aFrom: number;
  readonly aTo: number;
  readonly bFrom: number;
  readonly bTo: number;
}

/** For each row of `b`, its row of `a`, or -1. Ascending over the matched ones. */
export function alignKeys(a: RequestKeys, b: RequestKeys): Int32Array {
  const aligner = new Aligner(a, b);
  aligner.whole();
  return aligner.match;
}

class Aligner {
  readonly match: Int32Array;
  readonly #a: RequestKeys;
  readonly #b: RequestKeys;

  constructor(a: RequestKeys, b: RequestKeys) {
    this.#a = a;
    this.#b = b;
    this.match = new Int32Array(b.count).fill(-1);
  }

  whole(): void {
    const all = { aFrom: 0, aTo: this.#a.count, bFrom: 0, bTo: this.#b.count };
    for (let level = 0; level < STRETCHES.length; level++) {
      const anchors = this.#anchors(all, STRETCHES[level]);
      if (anchors.length > 0) {
        this.#between(all, anchors, level, true);
        return;
      }
    }
    // A stream that only repeats itself has no anchor: equal ends are all there is to go by.
    this.#gap(all, STRETCHES.length);
  }

  /** Takes the anchors as matched and aligns what lies between, before and after them. */
  #between(
    part: Part,
    anchors: readonly (readonly [number, number])[],
    level: number,
    isWhole: boolean,
  ): void {
    const length = STRETCHES[level];
    let { aFrom, bFrom } = part;
    let isEdge = isWhole;
    for (const [i, j] of anchors) {
      if (i < aFrom || j < bFrom) continue; // inside the stretch of the anchor before
      const gap = { aFrom, aTo: i, bFrom, bTo: j };
      this.#gap(isEdge ? this.#nearHead(gap, i, j) : gap, level);
      if (isEdge) this.#slideLate(gap);
      for (let k = 0; k < length; k++) this.match[j + k] = i + k;
      aFrom = i + length;
      bFrom = j + length;
      isEdge = false;
    }
    const rest = { aFrom, aTo: part.aTo, bFrom, bTo: part.bTo };
    this.#gap(isWhole ? this.#nearTail(rest, aFrom - 1, bFrom - 1) : rest, level);
  }

  /** Before the first anchor only what the clocks put near each other can be the same. */
  #nearHead(gap: Part, i: number, j: number): Part {
    const a = this.#a.time;
    const b = this.#b.time;
    const offset = a[i] - b[j];
    let { aFrom, bFrom } = gap;
    while (aFrom < gap.aTo && bFrom < gap.bTo && a[aFrom] < b[bFrom] + offset - EDGE_TOLERANCE_NS)
      aFrom++;
    while (bFrom < gap.bTo && aFrom < gap.aTo && b[bFrom] + offset < a[aFrom] - EDGE_TOLERANCE_NS)
      bFrom++;
    return { ...gap, aFrom, bFrom };
  }

  #nearTail(gap: Part, i: number, j: number): Part {
    const a = this.#a.time;
    const b = this.#b.time;
    const offset = a[i] - b[j];
    let { aTo, bTo } = gap;
    while (
      aTo > gap.aFrom &&
      bTo > gap.bFrom &&
      a[aTo - 1] > b[bTo - 1] + offset + EDGE_TOLERANCE_NS
    )
      aTo--;
    while (
      bTo > gap.bFrom &&
      aTo > gap.aFrom &&
      b[bTo - 1] + offset > a[aTo - 1] + EDGE_TOLERANCE_NS
    )
      bTo--;
    return { ...gap, aTo, bTo };
  }

  /** The view that was on later may have begun among repeats: its rows are the last ones of them. */
  #slideLate({ aTo, bFrom, bTo }: Part): void {
    let aEnd = aTo;
    let bEnd = bTo;
    for (let j = bTo - 1; j >= bFrom; j--) {
      const i = this.match[j];
      if (i < 0) continue;
      let [lateA, lateB] = [aEnd - 1, bEnd - 1];
      while (lateA > i && !this.#isSame(lateA, j)) lateA--;
      while (lateB > j && !this.#isSame(i, lateB)) lateB--;
      this.match[j] = NONE;
      this.match[lateB] = lateA;
      [aEnd, bEnd] = [lateA, lateB];
    }
  }

  /** Equal ends first, then shorter anchors, at last the table. */
  #gap(whole: Part, level: number): void {
    let { aFrom, aTo, bFrom, bTo } = whole;
    while (aFrom < aTo && bFrom < bTo && this.#isSame(aFrom, bFrom)) this.match[bFrom++] = aFrom++;
    while (aFrom < aTo && bFrom < bTo && this.#isSame(aTo - 1, bTo - 1)) this.match[--bTo] = --aTo;
    if (aFrom === aTo || bFrom === bTo) return;
    const part = { aFrom, aTo, bFrom, bTo };
    if ((aTo - aFrom) * (bTo - bFrom) <= TABLE_CELLS) {
      this.#table(part);
      return;
    }
    for (let next = level + 1; next < STRETCHES.length; next++) {
      const anchors = this.#anchors(part, STRETCHES[next]);
      if (anchors.length > 0) {
        this.#between(part, anchors, next, false);
        return;
      }
    }
  }

  #isSame(i: number, j: number): boolean {
    return this.#a.low[i] === this.#b.low[j] && this.#a.high[i] === this.#b.high[j];
  }

  /** Starts of stretches that occur once in each part, as pairs that ascend in both. */
  #anchors(part: Part, length: number): readonly (readonly [number, number])[] {
    const { aFrom, aTo, bFrom, bTo } = part;
    const aStarts = aTo - aFrom - length + 1;
    const bStarts = bTo - bFrom - length + 1;
    if (aStarts <= 0 || bStarts <= 0) return [];
    const sample = Math.ceil(Math.max(aStarts, bStarts) / SAMPLED_STRETCHES);
    const once = new OnceTable(Math.ceil((aStarts + bStarts) / sample));
    forStretches(this.#a, aFrom, aTo, length, (low, high, i) => {
      if (low % sample === 0) once.addA(low, high, i);
    });
    forStretches(this.#b, bFrom, bTo, length, (low, high, j) => {
      if (low % sample === 0) once.addB(low, high, j);
    });
    return longestAscending(once.pairs().filter(([i, j]) => this.#isStretch(i, j, length)));
  }

  #isStretch(i: number, j: number, length: number): boolean {
    for (let k = 0; k < length; k++) if (!this.#isSame(i + k, j + k)) return false;
    return true;
  }

  /** Longest common subsequence of a small part. */
  #table(part: Part): void {
    const { aFrom, aTo, bFrom, bTo } = part;
    const rows = aTo - aFrom;
    const columns = bTo - bFrom;
    if (rows === 0 || columns === 0 || rows * columns > TABLE_CELLS) return;
    const width = columns + 1;
    const best = new Int32Array((rows + 1) * width);
    for (let i = rows - 1; i >= 0; i--) {
      for (let j = columns - 1; j >= 0; j--) {
        best[i * width + j] = this.#isSame(aFrom + i, bFrom + j)
          ? best[(i + 1) * width + j + 1] + 1
          : Math.max(best[(i + 1) * width + j], best[i * width + j + 1]);
      }
    }
    let i = 0;
    let j = 0;
    while (i < rows && j < columns) {
      if (this.#isSame(aFrom + i, bFrom + j)) this.match[bFrom + j++] = aFrom + i++;
      else if (best[(i + 1) * width + j] >= best[i * width + j + 1]) i++;
      else j++;
    }
  }
}

/** Hashes of all stretches of `length` rows (a power of two), joined from halves: n·log(length) steps. */
function forStretches(
  keys: RequestKeys,
  from: number,
  to: number,
  length: number,
  take: (low: number, high: number, start: number) => void,
): void {
  const low = keys.low.slice(from, to);
  const high = keys.high.slice(from, to);
  let count = to - from;
  for (let joined = 1; joined < length; joined *= 2) {
    count -= joined;
    for (let i = 0; i < count; i++) {
      low[i] = mix(low[i], low[i + joined]);
      high[i] = mix(high[i], high[i + joined]);
    }
  }
  for (let i = 0; i < count; i++) take(low[i], high[i], from + i);
}

const NONE = -1;
const TWICE = -2;

/** Open-addressing table of 64-bit hashes: where each occurs in `a` and in `b`, if once. */
class OnceTable {
  readonly #mask: number;
  readonly #low: Uint32Array;
  readonly #high: Uint32Array;
  readonly #inA: Int32Array;
  readonly #inB: Int32Array;
  readonly #isUsed: Uint8Array;

  constructor(entries: number) {
    const size = 2 ** Math.ceil(Math.log2(Math.max(16, entries * 2)));
    this.#mask = size - 1;
    this.#low = new Uint32Array(size);
    this.#high = new Uint32Array(size);
    this.#inA = new Int32Array(size);
    this.#inB = new Int32Array(size);
    this.#isUsed = new Uint8Array(size);
  }

  addA(low: number, high: number, index: number): void {
    const slot = this.#slot(low, high);
    this.#inA[slot] = this.#inA[slot] === NONE ? index : TWICE;
  }

  addB(low: number, high: number, index: number): void {
    const slot = this.#slot(low, high);
    this.#inB[slot] = this.#inB[slot] === NONE ? index : TWICE;
  }

  /** Those once in both, in the order of `b`. */
  pairs(): (readonly [number, number])[] {
    const pairs: (readonly [number, number])[] = [];
    for (let slot = 0; slot <= this.#mask; slot++) {
      if (this.#isUsed[slot] === 1 && this.#inA[slot] >= 0 && this.#inB[slot] >= 0) {
        pairs.push([this.#inA[slot], this.#inB[slot]]);
      }
    }
    return pairs.sort((x, y) => x[1] - y[1]);
  }

  #slot(low: number, high: number): number {
    let slot = (low ^ Math.imul(high, 0x9e3779b9)) & this.#mask;
    while (this.#isUsed[slot] === 1 && (this.#low[slot] !== low || this.#high[slot] !== high)) {
      slot = (slot + 1) & this.#mask;
    }
    if (this.#isUsed[slot] === 0) {
      this.#isUsed[slot] = 1;
      this.#low[slot] = low;
      this.#high[slot] = high;
      this.#inA[slot] = NONE;
      this.#inB[slot] = NONE;
    }
    return slot;
  }
}

/** The longest run of pairs, given in the order of `b`, that also ascends in `a`. */
function longestAscending(
  pairs: readonly (readonly [number, number])[],
): readonly (readonly [number, number])[] {
  const tails: number[] = [];
  const before = new Int32Array(pairs.length);
  pairs.forEach(([i], at) => {
    let low = 0;
    let high = tails.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (pairs[tails[middle]][0] < i) low = middle + 1;
      else high = middle;
    }
    before[at] = low === 0 ? -1 : tails[low - 1];
    tails[low] = at;
  });
  const out: (readonly [number, number])[] = [];
  for (let at = tails.at(-1) ?? -1; at >= 0; at = before[at]) out.push(pairs[at]);
  return out.toReversed();
}
