// Shortens idle stretches: where no stream has a step or a barrier for longer than a limit, the rest of
// that stretch is left out of the time line, for all streams alike. Everything else keeps its distance.

import type { StepBatch } from '../steps/step-batch.ts';

export interface TimeMap {
  /** The recorded time, on the shortened line, that becomes the run's start. */
  readonly originNs: number;
  /** Left out in all. */
  readonly removedNs: number;
  /** A recorded time on the shortened line. Quickest when asked in ascending order. */
  at(tNs: number): number;
}

/** Without a limit the time line stays as it is. */
export function shortenIdle(streams: readonly StepBatch[], maxGapNs: number | undefined): TimeMap {
  const first = Math.min(
    ...streams.filter((steps) => steps.steps > 0).map((steps) => steps.dueNs[0]),
  );
  if (maxGapNs === undefined) return { originNs: first, removedNs: 0, at: (tNs) => tNs };
  const { fromNs, removedBefore } = cuts(activityTimes(streams), maxGapNs);
  let at = 0;
  return {
    originNs: first,
    removedNs: removedBefore[removedBefore.length - 1] ?? 0,
    at(tNs) {
      if (at > 0 && tNs < fromNs[at - 1]) at = 0;
      while (at < fromNs.length && fromNs[at] <= tNs) at++;
      return at === 0 ? tNs : tNs - removedBefore[at - 1];
    },
  };
}

/** Every recorded time at which something happens, from the first step on. */
function activityTimes(streams: readonly StepBatch[]): Float64Array {
  const columns = streams.flatMap((steps) => [
    steps.dueNs.subarray(0, steps.steps),
    steps.releaseTNs.subarray(0, steps.releases),
  ]);
  const times = new Float64Array(columns.reduce((sum, column) => sum + column.length, 0));
  let at = 0;
  for (const column of columns) {
    times.set(column, at);
    at += column.length;
  }
  return times.sort();
}

/** From `fromNs[i]` on, `removedBefore[i]` ns of the time line are gone. */
function cuts(
  times: Float64Array,
  maxGapNs: number,
): { readonly fromNs: readonly number[]; readonly removedBefore: readonly number[] } {
  const fromNs: number[] = [];
  const removedBefore: number[] = [];
  let removed = 0;
  for (let i = 1; i < times.length; i++) {
    const excess = times[i] - times[i - 1] - maxGapNs;
    if (excess <= 0) continue;
    removed += excess;
    fromNs.push(times[i]);
    removedBefore.push(removed);
  }
  return { fromNs, removedBefore };
}
