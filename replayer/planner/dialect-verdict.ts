// What the dialect does to a verdict: pages that it leaves out narrow the plan, and where a page that nobody
// asked for would lose its mapping, an entry that was widened breaks it (design 5).

import { VERDICT_CLASSES, type VerdictClass } from '../verdict/classes.ts';
import type { Verdict } from '../verdict/verdict.ts';
import { MOST_NAMED, type StepTally } from './tally.ts';

const TAKES_MAPPINGS =
  'its entry covers pages that nobody asked for, and unmapping them would take mappings away';

function worse(a: VerdictClass, b: VerdictClass): VerdictClass {
  return VERDICT_CLASSES.indexOf(a) >= VERDICT_CLASSES.indexOf(b) ? a : b;
}

/** The verdict on the steps alone, with what the dialect adds to it. */
export function dialectVerdict(verdict: Verdict, tallies: readonly StepTally[]): Verdict {
  const isNarrowed = tallies.some(
    ({ pagesLeftOut, leftOutUnbounded }) => pagesLeftOut + leftOutUnbounded > 0,
  );
  const harmful = tallies.reduce((sum, tally) => sum + tally.harmful, 0);
  const named = tallies.flatMap(({ harmfulSeqs }) =>
    harmfulSeqs.map((seq) => ({ seq, reason: TAKES_MAPPINGS })),
  );
  const narrowed = worse(verdict.class, isNarrowed ? 'narrowed' : 'strict');
  return {
    ...verdict,
    class: worse(narrowed, harmful > 0 ? 'broken' : 'strict'),
    broken: [...verdict.broken, ...named].slice(0, MOST_NAMED),
    broken_requests: verdict.broken_requests + harmful,
  };
}
