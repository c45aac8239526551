// A comparison's replays as arms: per strategy, the runs of each round. Repeats pair by their number; a round that
// some arm lacks is left out of all arms, and said.

import type { RunMetrics } from '../queries/run-metrics.ts';

export interface Arm {
  readonly strategy: string;
  /** 1 for the second arm of the baseline. */
  readonly arm: number;
  /** By repeat number. */
  readonly runs: ReadonlyMap<number, RunMetrics>;
}

export interface Arms {
  readonly all: readonly Arm[];
  /** Repeat numbers that every arm has, ascending. */
  readonly rounds: readonly number[];
  /** `repeat 3 of drain`: what is missing for its round to count. */
  readonly missing: readonly string[];
}

export function armsOf(runs: readonly RunMetrics[]): Arms {
  const all: { strategy: string; arm: number; runs: Map<number, RunMetrics> }[] = [];
  for (const run of runs) {
    let arm = all.find((one) => one.strategy === run.strategy && one.arm === run.arm);
    if (arm === undefined) {
      arm = { strategy: run.strategy, arm: run.arm, runs: new Map() };
      all.push(arm);
    }
    arm.runs.set(run.repeat, run);
  }
  const repeats = [...new Set(runs.map((run) => run.repeat))].sort((a, b) => a - b);
  const missing = repeats.flatMap((repeat) =>
    all
      .filter((arm) => !arm.runs.has(repeat))
      .map(
        ({ strategy, arm }) => `repeat ${repeat} of ${strategy}${arm === 0 ? '' : ', second arm'}`,
      ),
  );
  return {
    all,
    rounds: repeats.filter((repeat) => all.every((arm) => arm.runs.has(repeat))),
    missing,
  };
}

/** An arm's values of a metric in these rounds; undefined where one of them did not measure it. */
export function valuesOf(
  arm: Arm,
  rounds: readonly number[],
  metric: Exclude<keyof RunMetrics, 'run_id' | 'strategy'>,
): readonly number[] | undefined {
  const values = rounds.map((round) => arm.runs.get(round)?.[metric] ?? null);
  return values.length === 0 || values.includes(null) ? undefined : values.map(Number);
}
