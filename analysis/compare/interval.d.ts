import type { ReportValue } from '../report/schema.ts';
/** Fewer pairs cannot carry 95 %: five alike out of five happen by chance once in 16 (two-sided). */
export declare const ENOUGH_REPEATS = 6;
export declare function median(values: readonly number[]): number;
/** [low, high] of the median's 95 % interval; both the value itself for a single sample. */
export declare function medianInterval(values: readonly number[]): readonly [number, number];
/** Compares `samples` with the baseline's, repeat by repeat. A baseline sample of 0 gives no ratio. */
export declare function compareSamples(
  samples: readonly number[],
  baseline: readonly number[],
): ReportValue;
