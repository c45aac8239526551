// When one entry is at least as wide as one request. Part of the verdict: shares nothing with the
// strategies, and is written from the meaning of scope and flags (design 2, spec 1.5 and 7.6).

import { FLAG, PRESENT, SCOPE } from '../../collector/model/index.ts';

/** The columns that say how wide a request or an entry is. */
export interface Widths {
  readonly kind: Uint8Array;
  readonly scope: Uint8Array;
  readonly flags: Uint16Array;
  readonly present: Uint8Array;
  readonly domainId: Uint32Array;
  readonly pasid: Uint32Array;
  readonly sourceId: Uint32Array;
  readonly page: Float64Array;
  readonly pages: Float64Array;
}

const GRANULE = FLAG.granule16k | FLAG.granule64k;
const MORE = FLAG.global | FLAG.drainWrites | FLAG.drainReads;

/** Everything but the range: kind, domain, PASID, source and leaf hint of entry `e` allow it to cover `r`. */
export function coversTags(entries: Widths, e: number, requests: Widths, r: number): boolean {
  if (entries.kind[e] !== requests.kind[r]) return false;
  if ((entries.present[e] & PRESENT.domainId) !== 0) {
    if ((requests.present[r] & PRESENT.domainId) === 0) return false;
    if (entries.domainId[e] !== requests.domainId[r]) return false;
  }
  if ((entries.scope[e] & SCOPE.pasid) !== 0) {
    if ((requests.scope[r] & SCOPE.pasid) === 0 || entries.pasid[e] !== requests.pasid[r])
      return false;
  } else if ((entries.flags[e] & FLAG.noPasid) !== 0 && (requests.flags[r] & FLAG.noPasid) === 0) {
    return false; // mappings without PASID only
  }
  if ((entries.present[e] & PRESENT.sourceId) !== 0) {
    if ((requests.present[r] & PRESENT.sourceId) === 0) return false;
    if (entries.sourceId[e] !== requests.sourceId[r]) return false;
  }
  // Global pages and drained accesses are more than an entry without those bits does.
  if ((requests.flags[r] & ~entries.flags[e] & MORE) !== 0) return false;
  // A range in another granule than the tables have misses their entries.
  if (
    (entries.scope[e] & SCOPE.vaddr) !== 0 &&
    ((entries.flags[e] ^ requests.flags[r]) & GRANULE) !== 0
  )
    return false;
  // Only last-level entries go with a leaf hint; a request without it wants more.
  const leafOnly = (entries.scope[e] & SCOPE.vaddr) !== 0 && (entries.flags[e] & FLAG.leaf) !== 0;
  return !leafOnly || (requests.flags[r] & FLAG.leaf) !== 0;
}

/** Entry `e` alone covers request `r`. */
export function covers(entries: Widths, e: number, requests: Widths, r: number): boolean {
  if (!coversTags(entries, e, requests, r)) return false;
  if ((entries.scope[e] & SCOPE.vaddr) === 0) return true;
  if ((requests.scope[r] & SCOPE.vaddr) === 0) return false;
  return (
    entries.page[e] <= requests.page[r] &&
    entries.page[e] + entries.pages[e] >= requests.page[r] + requests.pages[r]
  );
}
