// Where the clock of a recording was set, in words.

import { formatDuration } from '../base/index.ts';
import type { TraceHeader } from './header.ts';

const SAID = 5;

/** One line for each step; of many, the first and how many more there are. */
export function clockStepTexts({
  clock_steps,
}: Pick<TraceHeader, 'clock_steps'>): readonly string[] {
  const said = clock_steps
    .slice(0, SAID)
    .map(
      ({ after_seq, from_ns, why }) =>
        `after seq ${after_seq} (${formatDuration(from_ns)}): ${why}`,
    );
  const more = clock_steps.length - said.length;
  return more > 0 ? [...said, `and ${more} more steps of the clock`] : said;
}
