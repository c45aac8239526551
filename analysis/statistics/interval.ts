// Medians and their 95 % intervals by resampling the repeats (percentile bootstrap). Repeats are paired:
// repeat i of a strategy with repeat i of the baseline, because a drifting host hits both alike.

import { Random, median } from '../../collector/base/index.ts';
import type { ReportValue } from '../report/schema.ts';

const RESAMPLES = 2000;
/** Fewer pairs cannot carry 95 %: five alike out of five happen by chance once in 16 (two-sided). */
export const ENOUGH_REPEATS = 6;
const SEED = 0x10_71_b5;

/** [low, high] of the median's 95 % interval; both the value itself for a single sample. */
export function medianInterval(values: readonly number[]): readonly [number, number] {
  const random = new Random(SEED);
  const medians = new Float64Array(RESAMPLES);
  for (let i = 0; i < RESAMPLES; i++) {
    medians[i] = median(values.map(() => values[random.below(values.length)]));
  }
  medians.sort();
  return [medians[Math.floor(0.025 * RESAMPLES)], medians[Math.ceil(0.975 * RESAMPLES) - 1]];
}

/** Compares `samples` with the baseline's, repeat by repeat. A baseline sample of 0 gives no ratio. */
export function compareSamples(
  samples: readonly number[],
  baseline: readonly number[],
): ReportValue {
  const [low, high] = medianInterval(samples);
  const ratios = samples.flatMap((value, i) => (baseline[i] > 0 ? [value / baseline[i]] : []));
  const common = { median: median(samples), low, high, samples: [...samples] };
  if (ratios.length < samples.length || ratios.length === 0) {
    return { ...common, ratio: null, ratio_low: null, ratio_high: null, holds: false };
  }
  const [ratioLow, ratioHigh] = medianInterval(ratios);
  return {
    ...common,
    ratio: median(ratios),
    ratio_low: ratioLow,
    ratio_high: ratioHigh,
    holds: ratios.length >= ENOUGH_REPEATS && (ratioHigh < 1 || ratioLow > 1),
  };
}
