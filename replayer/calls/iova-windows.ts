// Where ranges may be mapped: the host's allowed IOVA windows, and the rule for a range outside them or in
// another stream's way. It is moved, keeping its low bits, and counted; it is never dropped.

import { ToolError } from '../../collector/base/index.ts';
import { PAGE_BYTES } from '../../collector/model/index.ts';

/** 4 KiB pages `first … end - 1`. */
export interface IovaWindow {
  readonly first: number;
  readonly end: number;
}

/** The block that ranges are moved into is cut into so many lanes, so that streams keep apart. */
const LANES = 64;

export class IovaPlacer {
  /** Ranges that were put elsewhere than the guest had them. */
  moved = 0;
  readonly #windows: readonly IovaWindow[];
  readonly #base: number;
  readonly #size: number;
  /** Pieces of the address space, each a lane long, that streams placed before this one use. */
  readonly #taken = new Set<number>();

  /** Throws ToolError where no window holds a whole page. */
  constructor(windows: readonly IovaWindow[]) {
    this.#windows = windows;
    const blocks = windows.map(largestBlock).sort((a, b) => b.size - a.size);
    if (blocks.length === 0 || blocks[0].size < LANES) {
      throw new ToolError(
        'E_NOT_SUPPORTED',
        'the host allows no address to be mapped for this device; nothing was issued',
      );
    }
    [{ base: this.#base, size: this.#size }] = blocks;
  }

  /**
   * First pages for all ranges of one stream, in order. A range stays where it is if a window holds it. If
   * any of them is where another stream's are, all go into a lane that no stream uses.
   */
  place(ranges: readonly { readonly page: number; readonly pages: number }[]): readonly number[] {
    const lane = this.#size / LANES;
    let placed = ranges.map((range) => this.#inWindow(range));
    let used = this.#pieces(placed, ranges);
    if ([...used].some((piece) => this.#taken.has(piece))) {
      const base = this.#freeLane();
      placed = ranges.map((range) => wrapped(range, base, lane));
      used = this.#pieces(placed, ranges);
    }
    for (const piece of used) this.#taken.add(piece);
    this.moved += placed.filter((page, i) => page !== ranges[i].page).length;
    return placed;
  }

  #inWindow(range: { readonly page: number; readonly pages: number }): number {
    const end = range.page + range.pages;
    const fits = this.#windows.some((window) => range.page >= window.first && end <= window.end);
    return fits ? range.page : wrapped(range, this.#base, this.#size);
  }

  #pieces(
    placed: readonly number[],
    ranges: readonly { readonly pages: number }[],
  ): ReadonlySet<number> {
    const lane = this.#size / LANES;
    return new Set(
      placed.flatMap((page, i) => [
        Math.floor(page / lane),
        Math.floor((page + ranges[i].pages - 1) / lane),
      ]),
    );
  }

  #freeLane(): number {
    const lane = this.#size / LANES;
    for (let i = LANES - 1; i >= 0; i--) {
      const base = this.#base + i * lane;
      if (!this.#taken.has(base / lane)) return base;
    }
    throw new ToolError(
      'E_NOT_SUPPORTED',
      `the recording has more streams than the host's address space has room for (${LANES}); nothing was issued`,
    );
  }
}

/** The same low bits inside the block; at its start where it would stick out. */
function wrapped(
  range: { readonly page: number; readonly pages: number },
  base: number,
  size: number,
): number {
  const offset = range.page % size;
  return base + (offset + range.pages > size ? 0 : offset);
}

/** The largest naturally aligned power of two of pages in a window; size 0 where there is none. */
function largestBlock(window: IovaWindow): { readonly base: number; readonly size: number } {
  for (let size = 2 ** Math.floor(Math.log2(Math.max(1, window.end))); size >= 1; size /= 2) {
    const base = Math.ceil(window.first / size) * size;
    if (base + size <= window.end) return { base, size };
  }
  return { base: 0, size: 0 };
}

/** A window from two 64-bit words, its first and last byte, in whole pages. */
export function windowAt(view: DataView, at: number): IovaWindow {
  const page = BigInt(PAGE_BYTES);
  const start = view.getBigUint64(at, true);
  const last = view.getBigUint64(at + 8, true);
  return { first: Number((start + page - 1n) / page), end: Number((last + 1n) / page) };
}
