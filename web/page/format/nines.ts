// The percentile axis: x = −log10(1 − p), so that each step of 1 is another nine. 1 is p90, 2 is p99.

/** `p99.9` for 3. What is left above it has two digits, so that neighbours on the axis differ. */
export function formatNines(x: number): string {
  const left = 100 * 10 ** -x;
  const decimals = Math.max(0, Math.ceil(x));
  const percent = (100 - Number(left.toPrecision(2))).toFixed(decimals);
  return `p${decimals === 0 ? percent : percent.replace(/\.?0+$/, '')}`;
}

const MEDIAN = Math.log10(2);
const BETWEEN = [Math.log10(2), Math.log10(4)]; // p50 and p75 of what is left: p95, p97.5, p99.5 …

/** Where the axis has ticks: the median and every nine; more in between once zoomed in. */
export function ninesTicks(min: number, max: number): number[] {
  const ticks = [0, MEDIAN];
  for (let nine = 1; nine <= max; nine++) ticks.push(nine);
  const inside = (tick: number): boolean => tick >= min - 1e-9 && tick <= max + 1e-9;
  const coarse = ticks.filter((tick) => inside(tick));
  if (coarse.length >= 3) return coarse;
  const fine = ticks.flatMap((tick) =>
    Number.isInteger(tick) ? [tick, ...BETWEEN.map((step) => tick + step)] : [tick],
  );
  const kept = [...new Set(fine)].filter((tick) => inside(tick)).sort((a, b) => a - b);
  return kept.length >= 2 ? kept : even(min, max);
}

function even(min: number, max: number): number[] {
  const steps = 4;
  return Array.from({ length: steps + 1 }, (_, i) => min + ((max - min) * i) / steps);
}
