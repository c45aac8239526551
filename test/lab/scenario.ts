// What a lab scenario is and what it answers. A scenario boots its guests itself; each part of it is one
// line of the answer, with the counts that a reader needs to believe it.

import type { Named } from '../../collector/base/index.ts';
import type { Arch } from './cache.ts';
import { missingFor } from './guest.ts';

export interface Part {
  readonly name: string;
  /** What was asked through the real call: requests, entries or table rows. */
  readonly asked: number;
  /** What was seen outside, on the emulated hardware or in the mock. */
  readonly seen: number;
  readonly differences: number;
  /** The first difference, as text. */
  readonly first?: string;
}

export interface ScenarioContext {
  /** A folder of its own for guests and logs. */
  readonly folder: string;
  readonly story: (text: string) => void;
}

export interface Scenario extends Named {
  /** Architectures whose kernel it boots. */
  readonly arches: readonly Arch[];
  /** Where its numbers come from, one line. */
  readonly emulated: string;
  run(context: ScenarioContext): Promise<readonly Part[]>;
}

/** What this machine lacks for a scenario; empty when nothing. */
export function lacking({ arches }: Scenario): readonly string[] {
  return arches.flatMap((arch) => missingFor(arch));
}

/** A list of complaints as a part. */
export function partOf(
  name: string,
  counts: { asked: number; seen: number },
  complaints: readonly string[],
): Part {
  return {
    name,
    ...counts,
    differences: complaints.length,
    ...(complaints.length === 0 ? {} : { first: complaints[0] }),
  };
}
