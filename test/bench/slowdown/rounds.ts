// Rounds of the same work under each recorder, as rows: the ratio to the same round without one.

import { formatCount } from '../../../collector/base/index.ts';

export interface Round {
  readonly work: string;
  /** Invalidations that the work makes. */
  readonly calls: number;
  /** By recorder; `none` is the baseline. */
  readonly seconds: Readonly<Record<string, number>>;
}

export const HEADING = ['work', 'recorder', 'invalidations/s', 'times as long', 'least', 'most'];

const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

/** One row a recorder. The baseline's own ratio is to the round before: the noise of the rest. */
export function slowdownRows(rounds: readonly Round[]): readonly (readonly string[])[] {
  const [first] = rounds;
  return Object.keys(first.seconds).map((recorder) => {
    const ratios =
      recorder === 'none'
        ? rounds.slice(1).map(({ seconds }, i) => seconds.none / rounds[i].seconds.none)
        : rounds.map(({ seconds }) => seconds[recorder] / seconds.none);
    const rate = median(rounds.map(({ calls, seconds }) => calls / seconds[recorder]));
    const cells = [median(ratios), Math.min(...ratios), Math.max(...ratios)];
    return [
      first.work,
      recorder,
      formatCount(Math.round(rate)),
      ...cells.map((value) => value.toFixed(2)),
    ];
  });
}
