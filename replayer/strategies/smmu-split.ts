// How the Linux SMMUv3 driver says a range with the fields NUM, SCALE and TTL (spec 7.3, 4.3; Linux
// drivers/iommu/arm/arm-smmu-v3). Pure arithmetic; sizes are in granules of 4 KiB.

/** One TLBI command covers (num + 1) << scale granules from its page. */
export interface SmmuChunk {
  readonly page: number;
  readonly pages: number;
  readonly num: number;
  readonly scale: number;
}

/** NUM has five bits: up to so many granules of a scale. */
export const NUM_VALUES = 32;

/** The driver's greedy split: lowest five bits of what is left first. Leaf keeps the exact size. */
export function splitSmmuRange(page: number, pages: number, leaf: boolean): readonly SmmuChunk[] {
  // NUM = SCALE = TTL = 0 with a granule is reserved; without TTL the driver takes a page more instead.
  let left = !leaf && pages % NUM_VALUES === 1 ? pages + 1 : pages;
  const chunks: SmmuChunk[] = [];
  let at = page;
  while (left > 0) {
    let scale = 0;
    let rest = left;
    while (rest % 2 === 0) {
      rest /= 2;
      scale++;
    }
    const count = rest % NUM_VALUES;
    const size = count * 2 ** scale;
    chunks.push({ page: at, pages: size, num: count - 1, scale });
    at += size;
    left -= size;
  }
  return chunks;
}

/** NUM and SCALE that say exactly `pages`; undefined where one command can't. */
export function smmuFields(
  pages: number,
): { readonly num: number; readonly scale: number } | undefined {
  let scale = 0;
  let rest = pages;
  while (rest > 0 && rest % 2 === 0) {
    rest /= 2;
    scale++;
  }
  return rest >= 1 && rest < NUM_VALUES ? { num: rest - 1, scale } : undefined;
}

/** Level of the leaf that the driver names for a granule of 2^`granuleLog2` bytes (4 KiB tables). */
export function smmuTtl(granuleLog2: number, tgLog2 = 12): number {
  return 4 - Math.floor((granuleLog2 - 3) / (tgLog2 - 3));
}
