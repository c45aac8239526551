// One metric of one strategy against the baseline's: value, ratio and interval by one estimator, so that the
// ratio of a cell is the quotient of the two values that stand in the table.

import { median } from '../../collector/base/index.ts';
import type { ReportValue } from '../report/schema.ts';
import { difference } from './randomisation.ts';

export interface MetricArms {
  /** By round; each round has one value of every arm. */
  readonly strategy: readonly number[];
  /** One list per arm of the baseline. */
  readonly baseline: readonly (readonly number[])[];
}

export interface MetricRules {
  /** Error allowed to the interval of this strategy. */
  readonly alpha: number;
  /** The plan says this number; no replay can change it. */
  readonly isExact: boolean;
}

/**
 * The value is the geometric mean over repeats (of all arms of the baseline together), the ratio the quotient
 * of two such values. Where a value is 0 neither a geometric mean nor a ratio exists: the value is the median.
 */
export function compareMetric(arms: MetricArms, rules: MetricRules): ReportValue {
  const { strategy, baseline } = arms;
  const common = {
    ...summarise(strategy),
    exact: rules.isExact,
  };
  const values = [...strategy, ...baseline.flat()];
  const isSteady = values.every((value) => value === values[0]);
  if (rules.isExact || isSteady) {
    const base = baseline[0][0];
    const ratio = isSteady && values[0] === 0 ? 1 : base > 0 ? strategy[0] / base : null;
    return {
      ...common,
      ratio,
      ratio_low: ratio,
      ratio_high: ratio,
      found: rules.isExact && ratio !== 1 && strategy[0] !== base,
    };
  }
  if (values.some((value) => value <= 0)) {
    return { ...common, ratio: null, ratio_low: null, ratio_high: null, found: false };
  }
  const rounds = strategy.map((value, round) => ({
    strategy: Math.log(value),
    baseline: baseline.map((arm) => Math.log(arm[round])),
  }));
  const { estimate, low, high } = difference(rounds, rules.alpha);
  return {
    ...common,
    ratio: Math.exp(estimate),
    ratio_low: Number.isFinite(low) ? Math.exp(low) : null,
    ratio_high: Number.isFinite(high) ? Math.exp(high) : null,
    found: low > 0 || high < 0,
  };
}

/** The baseline's own cell: all its arms together, without a ratio to say. */
export function baselineValue(arms: readonly (readonly number[])[], isExact: boolean): ReportValue {
  return {
    ...summarise(arms.flat()),
    exact: isExact,
    ratio: 1,
    ratio_low: 1,
    ratio_high: 1,
    found: false,
  };
}

/** One value of several repeats: their geometric mean, or the median where one of them is 0 or less. */
export function overRepeats(samples: readonly number[]): number {
  const [first] = samples;
  if (samples.every((value) => value === first)) return first; // exp(log(x)) is not always x
  if (samples.some((value) => value <= 0)) return median(samples);
  return Math.exp(samples.reduce((sum, value) => sum + Math.log(value), 0) / samples.length);
}

function summarise(
  samples: readonly number[],
): Pick<ReportValue, 'value' | 'median' | 'low' | 'high' | 'samples'> {
  return {
    value: overRepeats(samples),
    median: median(samples),
    low: Math.min(...samples),
    high: Math.max(...samples),
    samples: [...samples],
  };
}

/** By how much a ratio would have had to differ from 1 to be found: half its interval. Null where unbounded. */
export function detectable(value: ReportValue): number | null {
  const { ratio, ratio_low, ratio_high } = value;
  if (ratio === null || ratio_low === null || ratio_high === null) return null;
  return Math.max(ratio_high / ratio, ratio / ratio_low) - 1;
}
