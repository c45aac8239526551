// Ranges that are mapped and unmapped again to see what an unmap becomes on each IOMMU: each by itself,
// in this order. Below 2 MiB a range never frees a page table, so each is a leaf invalidation.

export interface UnmapRange {
  readonly page: number;
  readonly pages: number;
}

const BASE_PAGE = 0x40000;

export const UNMAP_RANGES: readonly UnmapRange[] = [
  1, 2, 3, 4, 5, 8, 12, 16, 31, 32, 64, 100,
].flatMap((pages) => [0, 1, 7].map((offset) => ({ page: BASE_PAGE + offset, pages })));

/** The longest of them: so much memory is mapped. */
export const UNMAP_PAGES = Math.max(...UNMAP_RANGES.map((range) => range.pages));
