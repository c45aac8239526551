// The verdict once more, slow and obvious, straight from its definition and from plain objects. Only the
// meaning is shared with the real one, no code.

import { KIND } from '../../../collector/model/index.ts';
import type { PlannedEntry, Row, StreamSteps } from '../recording.ts';

export interface ReferenceVerdict {
  readonly class: 'strict' | 'deferred' | 'broken';
  readonly requests_exposed: number;
  readonly exposure_page_ns: number;
  readonly unbounded_exposed: number;
  readonly brokenSeqs: readonly number[];
}

type Interval = readonly [number, number];

function coversTags(entry: PlannedEntry, row: Row): boolean {
  if (entry.kind !== row.kind) return false;
  if (entry.domain !== undefined && entry.domain !== row.domain) return false;
  const entryPasid = (entry.scope & 1) !== 0;
  const rowPasid = (row.scope & 1) !== 0;
  if (entryPasid && !(rowPasid && entry.pasid === row.pasid)) return false;
  if (!entryPasid && (entry.flags & 1) !== 0 && (row.flags & 1) === 0) return false;
  for (const bit of [4, 8, 16])
    if ((row.flags & bit) !== 0 && (entry.flags & bit) === 0) return false;
  const leafOnly = (entry.scope & 2) !== 0 && (entry.flags & 2) !== 0;
  return !leafOnly || (row.flags & 2) !== 0;
}

/** The entries of a step together are as wide as the request. */
export function stepCovers(entries: readonly PlannedEntry[], row: Row): boolean {
  const fitting = entries.filter((entry) => coversTags(entry, row));
  if (fitting.some((entry) => (entry.scope & 2) === 0)) return true;
  if ((row.scope & 2) === 0) return false;
  let left: Interval[] = [[row.page, row.page + row.pages]];
  for (const entry of fitting) {
    const from = entry.page;
    const to = entry.page + entry.pages;
    left = left
      .flatMap(([a, b]): Interval[] => [
        [a, Math.min(b, from)],
        [Math.max(a, to), b],
      ])
      .filter(([a, b]) => a < b);
  }
  return left.length === 0;
}

/** Judges the plan of one stream. `rows` are all rows of that stream. */
export function judge(
  rows: readonly Row[],
  plan: StreamSteps,
  isReplayable: (row: Row) => boolean,
): ReferenceVerdict {
  let now = Number.NEGATIVE_INFINITY;
  const time = new Map<number, number>();
  for (const row of rows) time.set(row.seq, (now = Math.max(now, row.tNs)));
  const timeOf = (seq: number): number => time.get(seq) ?? Number.NaN;
  const brokenSeqs: number[] = [];
  plan.steps.forEach((step, k) => {
    if (k > 0 && step.dueNs < Math.max(...plan.steps.slice(0, k).map((s) => s.dueNs)))
      brokenSeqs.push(Math.min(...step.entries.map((entry) => entry.firstSeq)));
  });
  const requests = rows.filter((row) => row.kind !== KIND.barrier && isReplayable(row));
  const coverOf = requests.map((row) =>
    plan.steps.findIndex((step) => {
      const carried = Math.max(...step.entries.map((entry) => entry.lastSeq));
      const asked =
        timeOf(row.seq) < step.dueNs || (timeOf(row.seq) === step.dueNs && row.seq <= carried);
      return asked && stepCovers(step.entries, row);
    }),
  );
  requests.forEach((row, i) => {
    if (coverOf[i] < 0) brokenSeqs.push(row.seq);
  });
  const isBarrier = new Set(rows.filter((row) => row.kind === KIND.barrier).map((row) => row.seq));
  const released = new Set<number>();
  const take = (seq: number): boolean => {
    const good = isBarrier.has(seq) && !released.has(seq);
    if (good) released.add(seq);
    else brokenSeqs.push(seq);
    return good;
  };
  const exposedFrom = new Map<number, number>();
  const exposeUncovered = (seq: number, after: number, fromNs: number): void => {
    requests.forEach((row, i) => {
      const open = coverOf[i] < 0 || coverOf[i] > after;
      if (row.seq < seq && open && !exposedFrom.has(i)) exposedFrom.set(i, fromNs);
    });
  };
  const free = plan.free
    .filter((barrier) => take(barrier.seq))
    .map((barrier) => ({ seq: barrier.seq, at: timeOf(barrier.seq) }));
  free.sort((a, b) => a.at - b.at || a.seq - b.seq);
  /** Index of the last step that released a barrier: all up to it have returned. */
  let returned = -1;
  const releaseFree = (untilNs: number): void => {
    while (free.length > 0 && free[0].at <= untilNs) {
      const barrier = free.shift() ?? { seq: 0, at: 0 };
      exposeUncovered(barrier.seq, returned, barrier.at);
    }
  };
  plan.steps.forEach((step, k) => {
    releaseFree(step.dueNs);
    for (const release of step.releases) {
      if (!take(release.seq)) continue;
      returned = k;
      exposeUncovered(release.seq, k, Math.max(step.dueNs, timeOf(release.seq)));
    }
  });
  releaseFree(Number.POSITIVE_INFINITY);
  for (const seq of isBarrier) if (!released.has(seq)) brokenSeqs.push(seq);
  let pageNs = 0;
  let unbounded = 0;
  let exposed = 0;
  for (const [i, fromNs] of exposedFrom) {
    if (coverOf[i] < 0) continue;
    exposed++;
    if ((requests[i].scope & 2) === 0) unbounded++;
    else pageNs += requests[i].pages * Math.max(0, plan.steps[coverOf[i]].dueNs - fromNs);
  }
  return {
    class: brokenSeqs.length > 0 ? 'broken' : exposed > 0 ? 'deferred' : 'strict',
    requests_exposed: exposed,
    exposure_page_ns: pageNs,
    unbounded_exposed: unbounded,
    brokenSeqs: brokenSeqs.sort((a, b) => a - b),
  };
}
