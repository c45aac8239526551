// What the VT-d driver makes of a range: the smallest naturally aligned power of two of pages that
// contains both ends (spec 7.2; Linux drivers/iommu/intel/cache.c). Both of at most 2^52 pages.

import { ALL_PAGES } from '../../collector/model/index.ts';

const LOW = 2 ** 26;
/** Below this a page number is a small integer, and bit operations are exact and quick. */
const SMALL = 2 ** 30;

/** Pages of that aligned block. */
export function alignedSpanPages(page: number, pages: number): number {
  const last = page + pages - 1;
  if (last < SMALL) return 1 << (32 - Math.clz32(page ^ last));
  if (pages >= ALL_PAGES || last >= ALL_PAGES) return ALL_PAGES;
  // XOR on 52-bit numbers, in two halves of 26 bits.
  const high = Math.floor(page / LOW) ^ Math.floor(last / LOW);
  const low = (page % LOW) ^ (last % LOW);
  const bits = high !== 0 ? 26 + 32 - Math.clz32(high) : 32 - Math.clz32(low);
  return 2 ** bits;
}

/** First page of the block of `span` pages (a power of two) that holds `page`. */
export function alignedStart(page: number, span: number): number {
  return page < SMALL && span < SMALL ? page & -span : page - (page % span);
}
