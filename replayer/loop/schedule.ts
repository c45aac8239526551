// When each step is due in the run, from when it was due in the recording. Absolute times from one
// common start: a late step moves no other. Pure: no clock.

import { assertUnreachable, ToolError } from '../../collector/base/index.ts';
import type { StepBatch } from '../steps/step-batch.ts';
import { shortenIdle, type TimeMap } from './idle.ts';

export type Pacing =
  | { readonly kind: 'recorded'; readonly speed: number }
  /** Recorded think times: the issue loop decides when each waiter asks again (closed-plan.ts). */
  | { readonly kind: 'closed-loop'; readonly speed: number }
  /** All streams together, in recorded order. */
  | { readonly kind: 'rate'; readonly perSecond: number }
  | { readonly kind: 'asap' };

export interface ScheduleOptions {
  readonly pacing: Pacing;
  /** Longest stretch without a step or a barrier that is kept; longer ones are cut to it. */
  readonly maxGapNs?: number;
  /** The steps are issued so many times over. */
  readonly passes?: number;
}

/** One stream's part. Times are ns from the run's start, not rounded: the loop rounds once. */
export interface Schedule {
  /** Per step; never descends. */
  readonly dueNs: Float64Array;
  /** When each release's barrier was captured, on the run's schedule. */
  readonly barrierNs: Float64Array;
}

export interface Schedules {
  readonly streams: readonly Schedule[];
  readonly passes: number;
  /** From one pass to the next. */
  readonly periodNs: number;
  /** Cut out of the recording's idle stretches, on the recording's clock. */
  readonly idleRemovedNs: number;
  /** From the recording's clock to the run's line, before any speed. */
  readonly time: TimeMap;
}

/** Where due times come from the order. */
const AS_RECORDED: TimeMap = { originNs: 0, removedNs: 0, at: (tNs) => tNs };

/** The text that files and tables carry: `recorded ×2`, `rate 20000/s`, `asap`. */
export function pacingText(pacing: Pacing): string {
  switch (pacing.kind) {
    case 'recorded':
    case 'closed-loop':
      return pacing.speed === 1 ? pacing.kind : `${pacing.kind} ×${pacing.speed}`;
    case 'rate':
      return `rate ${pacing.perSecond}/s`;
    case 'asap':
      return 'asap';
    default:
      return assertUnreachable(pacing);
  }
}

/** Schedules all streams from one start: the first step of any of them is due at 0. */
export function scheduleStreams(
  streams: readonly StepBatch[],
  options: ScheduleOptions,
): Schedules {
  const { pacing, passes = 1 } = options;
  switch (pacing.kind) {
    case 'recorded':
    case 'closed-loop':
      return onRecordedTimes(streams, pacing, options);
    case 'rate': {
      const scheduled = onOrder(streams, (index) => (index * 1e9) / pacing.perSecond);
      const total = streams.reduce((sum, steps) => sum + steps.steps, 0);
      const periodNs = (total * 1e9) / pacing.perSecond;
      return { streams: scheduled, passes, periodNs, idleRemovedNs: 0, time: AS_RECORDED };
    }
    case 'asap':
      return {
        streams: onOrder(streams, () => 0),
        passes,
        periodNs: 0,
        idleRemovedNs: 0,
        time: AS_RECORDED,
      };
    default:
      return assertUnreachable(pacing);
  }
}

function onRecordedTimes(
  streams: readonly StepBatch[],
  pacing: { readonly kind: 'recorded' | 'closed-loop'; readonly speed: number },
  { maxGapNs, passes = 1 }: ScheduleOptions,
): Schedules {
  const { speed } = pacing;
  if (!(speed > 0)) throw new ToolError('E_USAGE', 'speed must be above 0');
  const time = shortenIdle(streams, maxGapNs);
  const onRun = (tNs: number): number => (time.at(tNs) - time.originNs) / speed;
  return {
    streams: streams.map((steps) => {
      const dueNs = steps.dueNs.slice(0, steps.steps).map(onRun);
      const barrierNs = steps.releaseTNs.slice(0, steps.releases).map(onRun);
      return { dueNs, barrierNs };
    }),
    passes,
    periodNs: periodOf(streams, time) / speed,
    idleRemovedNs: time.removedNs,
    time,
  };
}

/** A pass is as long as the recording and one mean gap: the next one goes on as if it were the same. */
function periodOf(streams: readonly StepBatch[], time: TimeMap): number {
  const total = streams.reduce((sum, steps) => sum + steps.steps, 0);
  const lastNs = Math.max(
    ...streams.filter((steps) => steps.steps > 0).map((steps) => steps.dueNs[steps.steps - 1]),
  );
  const span = time.at(lastNs) - time.originNs;
  return total < 2 ? span : (span * total) / (total - 1);
}

/**
 * Steps of all streams by recorded time (then by stream) get their due time from their place in that
 * order. Without recorded times a barrier counts as captured when its step is due.
 */
function onOrder(
  streams: readonly StepBatch[],
  dueAt: (index: number) => number,
): readonly Schedule[] {
  const schedules = streams.map((steps) => ({
    dueNs: new Float64Array(steps.steps),
    barrierNs: new Float64Array(steps.releases),
  }));
  const next = streams.map(() => 0);
  for (let index = 0; ; index++) {
    const at = earliest(streams, next);
    if (at < 0) return schedules;
    const step = next[at]++;
    const due = dueAt(index);
    schedules[at].dueNs[step] = due;
    schedules[at].barrierNs.fill(due, streams[at].releaseStart(step), streams[at].releaseEnd[step]);
  }
}

/** The stream whose next step was recorded first; -1 when all are through. */
function earliest(streams: readonly StepBatch[], next: readonly number[]): number {
  let best = -1;
  for (let i = 0; i < streams.length; i++) {
    if (next[i] >= streams[i].steps) continue;
    if (best < 0 || streams[i].dueNs[next[i]] < streams[best].dueNs[next[best]]) best = i;
  }
  return best;
}
