// How many rounds a comparison runs: a number, a time, or until its intervals are narrow enough. Knows the values of
// each round, nothing of files. Stopping early is paid for in error: see statistics/family-error.ts.

import { formatCount, formatDuration } from '../../collector/base/index.ts';
import { compareMetric, detectable } from '../statistics/compare-metric.ts';
import { familyError, fewestRounds, isLook } from '../statistics/family-error.ts';

export interface RoundRules {
  /** At most so many rounds. */
  readonly repeats: number;
  /** At most so many replays over all arms; at least one round. */
  readonly mostReplays?: number;
  readonly maxTimeNs?: number;
  /** Relative: stop when a difference of this size would be found for every strategy. */
  readonly precision?: number;
}

/** Of one replay: what decides, ns. */
export interface ArmValue {
  readonly arm: number;
  readonly value: number;
}

export class Rounds {
  readonly #rules: RoundRules;
  readonly #arms: number;
  /** By arm, a value per whole round; the first two are the baseline's. */
  readonly #values: number[][];

  constructor(rules: RoundRules, arms: number) {
    this.#rules = rules;
    this.#arms = arms;
    this.#values = Array.from({ length: arms }, () => []);
  }

  /** The most that will run. */
  get most(): number {
    const { repeats, mostReplays } = this.#rules;
    if (mostReplays === undefined) return repeats;
    return Math.max(1, Math.min(repeats, Math.floor(mostReplays / this.#arms)));
  }

  /** Rounds at the first look; undefined where nobody looks before the end. */
  get looksFrom(): number | undefined {
    if (this.#rules.precision === undefined || this.#arms < 3) return undefined;
    // The first look may spend half of the error.
    return fewestRounds(this.#arms - 2, true, familyError(1, 1));
  }

  add(round: readonly ArmValue[]): void {
    for (const { arm, value } of round) this.#values[arm].push(value);
  }

  /** Why no further round is wanted; undefined where one is. `spentNs` since the first round began. */
  stop(spentNs: number): string | undefined {
    const rounds = this.#values[0].length;
    const { maxTimeNs, precision } = this.#rules;
    if (rounds >= this.most) return `${formatCount(rounds)} rounds are done`;
    if (maxTimeNs !== undefined && rounds > 0 && spentNs * ((rounds + 1) / rounds) > maxTimeNs) {
      return `another round would exceed ${formatDuration(maxTimeNs)}`;
    }
    const reached = this.#precision();
    if (precision === undefined || reached === null || reached > precision) return undefined;
    return `a difference of ${Number((reached * 100).toPrecision(2))} % would be found`;
  }

  /** Smallest difference that every strategy would show now; null where unbounded or nobody looks yet. */
  #precision(): number | null {
    const rounds = this.#values[0].length;
    const looksFrom = this.looksFrom;
    if (looksFrom === undefined || !isLook(rounds, looksFrom)) return null;
    const [first, second, ...others] = this.#values;
    const alpha = familyError(rounds, looksFrom) / others.length;
    const least = others.map((strategy) =>
      detectable(compareMetric({ strategy, baseline: [first, second] }, { alpha, isExact: false })),
    );
    return least.includes(null) ? null : Math.max(...least.map(Number));
  }
}
