// Recordings that do not show when the guest waited (the waits were not traced, or filtered out): what would
// need to know it is refused, and what does not gets no verdict. A missing wait is not a guest that never waits.

import { ToolError } from '../../collector/base/index.ts';
import type { TraceHeader } from '../../collector/model/index.ts';
import type { StrategyChain } from '../strategies/chain.ts';
import type { Verdict } from '../verdict/verdict.ts';

type AboutWaits = Pick<TraceHeader, 'barriers' | 'barrier_rule'>;

/** Why nothing that depends on waits can be said of a recording; undefined where they are known. */
export function unknownWaits({ barriers, barrier_rule }: AboutWaits): string | undefined {
  if (barriers !== 'unknown') return undefined;
  return barrier_rule ?? 'the recording does not show when the guest waited';
}

/** Throws ToolError where a chain groups by waits that the recording at `path` does not show. */
export function refuseUnknownWaits(
  path: string,
  header: AboutWaits,
  chains: readonly StrategyChain[],
): void {
  const reason = unknownWaits(header);
  const needing = chains.find((chain) => chain.needsWaits);
  if (reason === undefined || needing === undefined) return;
  throw new ToolError(
    'E_MISMATCH',
    `${path}: strategy '${needing.text}' depends on the guest's waits, which are unknown: ${reason}. Nothing was planned.`,
    {
      hint: "record again with the waits ('iotlb record' switches on what is needed), or plan what does not depend on them: -s none",
    },
  );
}

/** `verdict`, as far as it holds without knowing the waits: broken is broken, all else is unknown. */
export function verdictOf(verdict: Verdict, header: AboutWaits): Verdict {
  const reason = unknownWaits(header);
  if (reason === undefined || verdict.class === 'broken') return verdict;
  return { ...verdict, class: 'unknown', unknown: reason };
}
