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
const NUM_VALUES = 32;
/** Below this a count is a small integer, and bit operations are exact and quick. */
const SMALL = 2 ** 30;

/** The driver's greedy split: lowest five bits of what is left first. Leaf keeps the exact size. */
export function splitSmmuRange(page: number, pages: number, leaf: boolean): readonly SmmuChunk[] {
  let left = driverPages(pages, leaf);
  const chunks: SmmuChunk[] = [];
  let at = page;
  while (left > 0) {
    const size = nextChunkPages(left);
    const scale = trailingZeros(left);
    chunks.push({ page: at, pages: size, num: size / 2 ** scale - 1, scale });
    at += size;
    left -= size;
  }
  return chunks;
}

/** How many commands `splitSmmuRange` makes of a range whose exact size is kept. */
export function smmuChunkCount(pages: number): number {
  let count = 0;
  for (let left = pages; left > 0; left -= nextChunkPages(left)) count++;
  return count;
}

/** Pages that the driver asks for in all: without TTL, NUM = SCALE = 0 with a granule is reserved. */
export function driverPages(pages: number, leaf: boolean): number {
  return !leaf && pages % NUM_VALUES === 1 ? pages + 1 : pages;
}

/** Pages of the command that the driver takes next when `left` are left: the lowest five bits set. */
export function nextChunkPages(left: number): number {
  const scale = trailingZeros(left);
  if (left < SMALL) return ((left >> scale) % NUM_VALUES) << scale;
  return ((left / 2 ** scale) % NUM_VALUES) * 2 ** scale;
}

function trailingZeros(count: number): number {
  if (count < SMALL) return 31 - Math.clz32(count & -count);
  let scale = 0;
  for (let rest = count; rest % 2 === 0; rest /= 2) scale++;
  return scale;
}

/** Level of the leaf that the driver names for a granule of 2^`granuleLog2` bytes (4 KiB tables). */
export function smmuTtl(granuleLog2: number, tgLog2 = 12): number {
  return 4 - Math.floor((granuleLog2 - 3) / (tgLog2 - 3));
}
