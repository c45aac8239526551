// One run of one peer: by its own stamps, as perf saw it, and the noise floor just before.

import type { ResultHeader } from '../../../replayer/result/header.ts';
import { issueError, type IssueError } from './error.ts';
import { runWatched, type Watched } from './observer.ts';
import type { Peer } from './peer.ts';
import { noiseOf, type Floor, type Place } from './place.ts';

export interface Sample extends Floor {
  readonly arrivals: string;
  readonly peer: string;
  readonly round: number;
  /** By the peer's own stamps, where it keeps them, and as perf saw it in the kernel. */
  readonly own: IssueError | undefined;
  readonly observed: IssueError | undefined;
  /** What our replay said of itself. */
  readonly verdict: string | undefined;
}

export interface Run {
  readonly arrivals: string;
  readonly round: number;
  readonly watched: Watched;
}

/** Plainly, for the peer's own stamps. */
export function measureOwn(peer: Peer, run: Run, place: Place): Sample {
  return { ...blank(peer, run, place), ...ownPart(peer, run, place) };
}

/** Once plainly where the peer keeps stamps; once under perf, whose own cost is in what it sees. */
export function measureBoth(peer: Peer, run: Run, dueNs: Float64Array, place: Place): Sample {
  const before = blank(peer, run, place);
  const own = peer.ownStamps === undefined ? {} : ownPart(peer, run, place);
  if (!place.observes) return { ...before, ...own };
  const { issuedNs } = runWatched(run.watched, place.folder, true, dueNs.length);
  // Fewer stamps than requests: perf lost some, and none can be told from another.
  if (issuedNs?.length !== dueNs.length) return { ...before, ...own };
  return { ...before, ...own, observed: issueError({ dueNs, issuedNs }, true) };
}

function blank(peer: Peer, { arrivals, round }: Run, place: Place): Sample {
  const nothing = { own: undefined, observed: undefined, verdict: undefined };
  return { arrivals, peer: peer.name, round, ...nothing, ...noiseOf(place) };
}

function ownPart(peer: Peer, { watched }: Run, { folder }: Place): Partial<Sample> {
  const { out } = runWatched(watched, folder, false);
  const stamps = peer.ownStamps?.(folder);
  return {
    own: stamps === undefined ? undefined : issueError(stamps, false),
    verdict: out.startsWith('{') ? verdictOf(out) : undefined,
  };
}

/** Of `replay --json`: our own output. */
function verdictOf(out: string): string | undefined {
  return (JSON.parse(out) as Pick<ResultHeader, 'timing'>).timing?.fidelity.class;
}
