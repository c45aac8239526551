// How long a replay will take, said before it starts: a recording may have slept for days.

import { formatDuration, type Terminal } from '../../collector/base/index.ts';
import { shortenIdle } from '../loop/idle.ts';
import type { Plan } from '../planner/index.ts';
import type { Pace } from './pacing-flags.ts';

const LONG_NS = 600e9;

/** ns of a replay that keeps its times; undefined where it goes as fast as it can. */
export function replayLengthNs(
  { streams, facts }: Pick<Plan, 'streams' | 'facts'>,
  { pacing, maxGapNs, passes }: Pick<Pace, 'pacing' | 'maxGapNs' | 'passes'>,
): number | undefined {
  if (pacing.kind === 'asap') return undefined;
  if (pacing.kind === 'rate') return ((facts.steps * passes) / pacing.perSecond) * 1e9;
  const steps = streams.map((stream) => stream.steps);
  const time = shortenIdle(steps, maxGapNs);
  const last = Math.max(
    ...steps.map(({ dueNs, steps: count }) => (count === 0 ? 0 : dueNs[count - 1])),
  );
  return (Math.max(0, time.at(last) - time.originNs) / pacing.speed) * passes;
}

/** Says how long it will take, and how to shorten it where that is long. */
export function tellLength(plan: Plan, pace: Pace, terminal: Terminal): void {
  const lengthNs = replayLengthNs(plan, pace);
  if (lengthNs === undefined) return;
  terminal.story(`This will take ${formatDuration(lengthNs)}.`);
  if (lengthNs <= LONG_NS) return;
  terminal.warn(
    `This will take ${formatDuration(lengthNs)}. To shorten it: --max-gap 10ms cuts idle stretches, --speed 100x goes faster, --begin and --end take a part`,
  );
}
