// Percentiles in SQL by the project's rule (design 12): the ⌈p·n⌉-th smallest, NULL where fewer than five
// values lie beyond it. ClickHouse's own quantileExact takes element ⌊p·n⌋, which is another rule.

import { FEWEST_BEYOND, RANK_SLACK } from '../../collector/base/index.ts';

/**
 * Percentile `share` of the values of `sorted`, an array in ascending order, and of as many zeros as `zeros`
 * says, which come before them. All three are SQL expressions.
 */
export function nearestRankSql(share: string, sorted: string, zeros = '0'): string {
  const count = `(length(${sorted}) + ${zeros})`;
  const rank = `greatest(1, toInt64(ceil(${share} * ${count} - ${RANK_SLACK})))`;
  const value = `if(${rank} <= ${zeros}, 0, ${sorted}[${rank} - toInt64(${zeros})])`;
  const isShown = `${count} * (1 - ${share}) >= ${FEWEST_BEYOND - RANK_SLACK}`;
  return `if(${isShown}, toNullable(${value}), NULL)`;
}
