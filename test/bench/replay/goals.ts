// Goals that more than one part shows, and the table of all of them with what was measured.

import { formatDuration } from '../../../collector/base/index.ts';
import type { BenchTable } from '../bench.ts';
import { median, type IssueError } from './error.ts';
import type { Sample } from './measure.ts';
import type { GoalVerdict, Part, PartResult } from './part.ts';
import { cLoop, ours } from './peers.ts';
import { errorsOf, groups, ratiosOf, short } from './tables.ts';

const MOST_ERROR_NS = 100;
const MOST_TO_C = 1.2;
const MOST_TO_FLOOR = 1.5;

/** Median error, alone and as a ratio to the C loop's of the same round, on the worst of the arrivals. */
export function cLoopGoal(samples: readonly Sample[]): GoalVerdict | undefined {
  const p50 = (error: IssueError): number => error.p50_ns;
  const all = groups(samples);
  const own = all
    .filter(([first]) => first.peer === ours.name)
    .map((group) => median(errorsOf(group, 'own').map(p50)));
  const ratios = all
    .filter(([first]) => first.peer === cLoop.name)
    .map((group) => median(ratiosOf(samples, group, 'own', p50)));
  if (own.length === 0 || ratios.length === 0) return undefined;
  const errors = `${formatDuration(Math.min(...own))} to ${formatDuration(Math.max(...own))}`;
  const toC = `${short(Math.min(...ratios))} to ${short(Math.max(...ratios))} × C`;
  return {
    here: `${errors}; ${toC}, medians of the rounds`,
    isReached: Math.max(...own) <= MOST_ERROR_NS && Math.max(...ratios) <= MOST_TO_C,
  };
}

/** All runs together: a floor is measured for a moment only, and a run meets other moments. */
export function floorGoal(samples: readonly Sample[]): GoalVerdict | undefined {
  const mine = samples.filter((sample) => sample.peer === ours.name && sample.own !== undefined);
  if (mine.length === 0) return undefined;
  const shares = errorsOf(mine, 'own').map((error) => error.share_over_10us);
  const floors = mine.map((sample) => sample.floor_over_10us);
  const held = shares.filter((share, i) => share <= MOST_TO_FLOOR * floors[i]).length;
  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
  const isReached = sum(shares) <= MOST_TO_FLOOR * sum(floors);
  const ratio = sum(floors) === 0 ? '' : `${short(sum(shares) / sum(floors))} × over all runs; `;
  return { here: `${ratio}held in ${held} of ${mine.length} runs`, isReached };
}

export function goalTable(
  parts: readonly Part[],
  results: ReadonlyMap<Part, PartResult>,
): BenchTable {
  const rows = parts.flatMap((part) =>
    part.goals.map((goal, i) => {
      const result = results.get(part);
      if (result === undefined) return [goal, `not measured; --part ${part.name}`, '–'];
      const verdict = result.verdicts[i];
      if (verdict === undefined) return [goal, 'not measured: a peer is missing', '–'];
      return [goal, verdict.here, verdict.isReached ? 'yes' : 'no'];
    }),
  );
  return { title: 'The goals, line by line', rows: [['goal', 'here', 'reached'], ...rows] };
}
