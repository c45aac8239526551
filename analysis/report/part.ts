// What part of a recording ran, in words: so that no number of a part is taken for the whole.

import { formatCount, formatDuration } from '../../collector/base/index.ts';
import type { ResultHeader } from '../../replayer/result/header.ts';

/** `the first 300 requests from 1 s on`; null where all of the recording ran. */
export function partText({ timing, plan }: Pick<ResultHeader, 'timing' | 'plan'>): string | null {
  const pacing = timing?.pacing;
  if (pacing === undefined) return null;
  const { begin_ns, end_ns, limit } = pacing;
  if (begin_ns === null && end_ns === null && limit === null) return null;
  const from = begin_ns === null ? '' : ` from ${formatDuration(begin_ns)} on`;
  const to = end_ns === null ? '' : ` up to ${formatDuration(end_ns)}`;
  const what =
    limit === null
      ? `a part of ${formatCount(plan.requests)} requests`
      : `${begin_ns === null ? 'the first' : 'a part of'} ${formatCount(plan.requests)} requests`;
  return `${what}${from}${to}`;
}

/** What was done to the recording's time, as words after the pacing: `, 3 times over`. */
export function passesText({ timing }: Pick<ResultHeader, 'timing'>): string {
  const pacing = timing?.pacing;
  if (pacing === undefined) return '';
  const passes = pacing.loop > 1 ? `, ${formatCount(pacing.loop)} times over` : '';
  const idle =
    pacing.idle_removed_ns > 0
      ? `, ${formatDuration(pacing.idle_removed_ns)} of idle time left out`
      : '';
  return `${passes}${idle}`;
}
