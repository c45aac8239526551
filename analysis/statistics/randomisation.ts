// Is a strategy's value really different from the baseline's? In each round the arms ran in random order, so
// where the strategy changes nothing its label could as well have stood on another arm of that round. The test
// counts how many of those relabelings look as extreme as what was seen; its interval is every factor that it
// does not reject. Exact by the design of the experiment: it assumes nothing about how times are spread.
// How it was chosen: analysis/README.md, "How a difference is found".

import { Random } from '../../collector/base/index.ts';

/** One round, as logarithms: what the strategy took, and the baseline's arms (one, or two of the same). */
export interface Round {
  readonly strategy: number;
  readonly baseline: readonly number[];
}

/** All relabelings are counted up to this many; beyond, as many are drawn. */
const MOST_RELABELINGS = 6561; // 3^8: eight rounds of three arms
const SEED = 0x10_71_b5;
const BISECTIONS = 30;
/** A factor of e^20 either way: no comparison of replays comes near. */
const FURTHEST = 20;

export interface Difference {
  /** Logarithm of the ratio to the baseline: mean over rounds. */
  readonly estimate: number;
  /** Of "the strategy changes nothing". */
  readonly p: number;
  /** Logarithms; infinite where so few rounds bound nothing at this level. */
  readonly low: number;
  readonly high: number;
}

/** `alpha` is the error allowed to the interval, 0.05 for one of 95 %. Needs one round at least. */
export function difference(rounds: readonly Round[], alpha: number): Difference {
  const labels = relabelings(rounds);
  const estimate = meanShift(rounds);
  const rejects = (shift: number): boolean => pValue(rounds, labels, shift) <= alpha;
  return {
    estimate,
    p: chanceOf(rounds),
    low: edge(rejects, estimate, -1),
    high: edge(rejects, estimate, 1),
  };
}

/** The p alone, of "the strategy changes nothing": much cheaper than its interval. */
export function chanceOf(rounds: readonly Round[]): number {
  return pValue(rounds, relabelings(rounds), 0);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function meanShift(rounds: readonly Round[]): number {
  return mean(rounds.map(({ strategy, baseline }) => strategy - mean(baseline)));
}

/** Which arm of each round is called the strategy: 0 is the one that was. The first line is all 0. */
function relabelings(rounds: readonly Round[]): readonly Uint8Array[] {
  const sizes = rounds.map(({ baseline }) => baseline.length + 1);
  const all = sizes.reduce((product, size) => product * size, 1);
  if (all <= MOST_RELABELINGS) {
    return Array.from({ length: all }, (_, index) => {
      let rest = index;
      return Uint8Array.from(sizes, (size) => {
        const arm = rest % size;
        rest = (rest - arm) / size;
        return arm;
      });
    });
  }
  const random = new Random(SEED);
  const drawn = Array.from({ length: MOST_RELABELINGS - 1 }, () =>
    Uint8Array.from(sizes, (size) => random.below(size)),
  );
  return [new Uint8Array(sizes.length), ...drawn];
}

/** Share of relabelings whose mean shift is as far from 0, once the strategy's values are moved back by `shift`. */
function pValue(rounds: readonly Round[], labels: readonly Uint8Array[], shift: number): number {
  const shifts = rounds.map(({ strategy, baseline }) => {
    const values = [strategy - shift, ...baseline];
    const sum = values.reduce((a, b) => a + b, 0);
    return values.map((value) => value - (sum - value) / baseline.length);
  });
  const total = (label: Uint8Array): number => {
    let sum = 0;
    for (let i = 0; i < shifts.length; i++) sum += shifts[i][label[i]];
    return Math.abs(sum);
  };
  const scale = shifts.flat().reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const seen = total(labels[0]) - scale * rounds.length * 1e-12; // sums of one set in another order
  let asFar = 0;
  for (const label of labels) if (total(label) >= seen) asFar++;
  return asFar / labels.length;
}

/** The first shift beyond the estimate, in this direction, that is rejected. */
function edge(rejects: (shift: number) => boolean, estimate: number, sign: -1 | 1): number {
  if (!rejects(estimate + sign * FURTHEST)) return sign * Number.POSITIVE_INFINITY;
  let inside = 0;
  let outside = FURTHEST;
  for (let i = 0; i < BISECTIONS; i++) {
    const middle = (inside + outside) / 2;
    if (rejects(estimate + sign * middle)) outside = middle;
    else inside = middle;
  }
  return estimate + sign * outside;
}
