// Every built-in strategy once more, slow and obvious, on plain objects: one array in, one array out.
// Shares no code with the real ones.

import { KIND } from '../../../collector/model/index.ts';
import type { Barrier, PlannedEntry, PlannedStep, Row, StreamSteps } from '../recording.ts';

type Change = (plan: StreamSteps) => StreamSteps;

const isReplayable = (row: Row): boolean => row.kind === KIND.iotlb;

/** What a request came with, where the recording shows it; only the reference of `doorbell` looks at it. */
interface Request extends PlannedStep {
  readonly releases: Barrier[];
  readonly submission: number | undefined;
}

/** One step a request; a barrier goes with the request before it. */
export function requestsOf(rows: readonly Row[]): StreamSteps {
  const steps: Request[] = [];
  const free: Barrier[] = [];
  let now = Number.NEGATIVE_INFINITY;
  for (const row of rows) {
    now = Math.max(now, row.tNs);
    if (row.kind === KIND.barrier)
      (steps.at(-1)?.releases ?? free).push({ seq: row.seq, tNs: now });
    else if (isReplayable(row)) {
      const { submission } = row;
      steps.push({ dueNs: now, entries: [entryFrom(row)], releases: [], submission });
    }
  }
  return { steps, free };
}

function entryFrom(row: Row): PlannedEntry {
  const { kind, scope, flags, domain, pasid, page, pages, seq } = row;
  return {
    kind,
    scope,
    flags,
    domain,
    pasid,
    page,
    pages,
    widened: false,
    firstSeq: seq,
    lastSeq: seq,
  };
}

const barrierUpTo =
  (max: number): Change =>
  ({ steps, free }) => {
    const out: PlannedStep[] = [];
    let group: PlannedStep[] = [];
    const close = (): void => {
      if (group.length === 0) return;
      const releases = group.flatMap((step) => step.releases);
      const times = releases.slice(0, 1).map((release) => release.tNs);
      const dueNs = Math.max(group[group.length - 1].dueNs, ...times);
      out.push({ dueNs, entries: group.flatMap((step) => step.entries), releases });
      group = [];
    };
    for (const step of steps) {
      group.push(step);
      const entries = group.reduce((sum, one) => sum + one.entries.length, 0);
      if (step.releases.length > 0 || entries >= max) close();
    }
    close();
    return { steps: out, free };
  };

const barrier = barrierUpTo(65_536);

/** Neighbours of one doorbell together; without doorbells, up to the first barrier. */
const doorbell: Change = ({ steps, free }) => {
  const groups: Request[][] = [];
  for (const step of steps as readonly Request[]) {
    const before = groups.at(-1)?.at(-1);
    const isSame =
      before !== undefined &&
      before.submission === step.submission &&
      (step.submission !== undefined || before.releases.length === 0);
    if (isSame) groups.at(-1)?.push(step);
    else groups.push([step]);
  }
  return {
    steps: groups.map((group) => ({
      dueNs: group[group.length - 1].dueNs,
      entries: group.flatMap((step) => step.entries),
      releases: group.flatMap((step) => step.releases),
    })),
    free,
  };
};

const window =
  (widthNs: number, max: number): Change =>
  ({ steps, free }) => {
    const out: PlannedStep[] = [];
    const left = [...steps];
    while (left.length > 0) {
      const close = left[0].dueNs + widthNs;
      const group: PlannedStep[] = [];
      let entries = 0;
      while (left.length > 0 && left[0].dueNs <= close && entries < max) {
        const step = left.shift();
        if (step === undefined) break;
        group.push(step);
        entries += step.entries.length;
      }
      out.push({
        dueNs: entries >= max ? group[group.length - 1].dueNs : close,
        entries: group.flatMap((step) => step.entries),
        releases: group.flatMap((step) => step.releases),
      });
    }
    return { steps: out, free };
  };

/** Applies `change` to the entries of every step. */
const perStep =
  (change: (entries: readonly PlannedEntry[]) => readonly PlannedEntry[]): Change =>
  ({ steps, free }) => ({
    steps: steps.map((step) => ({ ...step, entries: change(step.entries) })),
    free,
  });

const isRange = (entry: PlannedEntry): boolean => (entry.scope & 2) !== 0;

const sameTags = (a: PlannedEntry, b: PlannedEntry): boolean =>
  a.kind === b.kind &&
  a.scope === b.scope &&
  a.flags === b.flags &&
  a.domain === b.domain &&
  a.pasid === b.pasid;

function united(a: PlannedEntry, b: PlannedEntry): PlannedEntry {
  const page = Math.min(a.page, b.page);
  return {
    ...a,
    page,
    pages: Math.max(a.page + a.pages, b.page + b.pages) - page,
    widened: a.widened || b.widened,
    firstSeq: Math.min(a.firstSeq, b.firstSeq),
    lastSeq: Math.max(a.lastSeq, b.lastSeq),
  };
}

/** Unites the first two that `fit`, over and over, in the place of the earlier. */
function uniteWhile(
  entries: readonly PlannedEntry[],
  fit: (a: PlannedEntry, b: PlannedEntry) => boolean,
): readonly PlannedEntry[] {
  const out = [...entries];
  for (let i = 0; i < out.length; i++) {
    for (let j = i + 1; j < out.length; j++) {
      if (!isRange(out[i]) || !isRange(out[j]) || !sameTags(out[i], out[j]) || !fit(out[i], out[j]))
        continue;
      out[i] = united(out[i], out[j]);
      out.splice(j, 1);
      return uniteWhile(out, fit);
    }
  }
  return out;
}

const touch = (a: PlannedEntry, b: PlannedEntry): boolean =>
  a.page <= b.page + b.pages && b.page <= a.page + a.pages;

const joinEntries = (entries: readonly PlannedEntry[]): readonly PlannedEntry[] =>
  uniteWhile(entries, touch);

/** Grows a block from one page until it holds the range. */
function blockOf(entry: PlannedEntry): PlannedEntry {
  if (!isRange(entry)) return entry;
  let pages = 1;
  while (entry.page - (entry.page % pages) + pages < entry.page + entry.pages) pages *= 2;
  return { ...entry, page: entry.page - (entry.page % pages), pages };
}

/** Pages of `inside` that some of `entries` (with the same tags, not overlapping) ask for. */
function askedWithin(entries: readonly PlannedEntry[], block: PlannedEntry): number {
  return entries
    .filter(
      (entry) =>
        isRange(entry) &&
        sameTags(entry, block) &&
        entry.page >= block.page &&
        entry.page < block.page + block.pages,
    )
    .reduce((sum, entry) => sum + entry.pages, 0);
}

function alignEntries(entries: readonly PlannedEntry[]): readonly PlannedEntry[] {
  const joined = joinEntries(entries);
  const blocks = uniteWhile(joined.map(blockOf), (a, b) => {
    const both = united(a, b);
    const isNested = both.pages === Math.max(a.pages, b.pages);
    const areHalves =
      a.pages === b.pages && both.pages === 2 * a.pages && both.page % both.pages === 0;
    return isNested || areHalves;
  });
  return blocks.map((block) =>
    isRange(block)
      ? { ...block, widened: block.widened || askedWithin(joined, block) < block.pages }
      : block,
  );
}

const canWiden = (entry: PlannedEntry): boolean => entry.kind === KIND.iotlb;
const MORE_BITS = 4 | 8 | 16;

const promoteEntries =
  (maxPages: number, maxEntries: number) =>
  (entries: readonly PlannedEntry[]): readonly PlannedEntry[] => {
    const key = (e: PlannedEntry): string =>
      JSON.stringify([e.kind, e.domain, e.pasid, e.scope & 1, e.flags & 1]);
    const out: PlannedEntry[] = [];
    const done = new Set<string>();
    for (const entry of entries) {
      const all = entries.filter((other) => key(other) === key(entry));
      const pages = all.filter(isRange).reduce((sum, other) => sum + other.pages, 0);
      if (!canWiden(entry) || (pages <= maxPages && all.length <= maxEntries)) out.push(entry);
      // A lone request without a range is as wide as it gets.
      else if (!done.has(key(entry))) {
        done.add(key(entry));
        out.push({
          ...entry,
          scope: entry.scope & 1,
          flags: all.reduce((bits, other) => bits | (other.flags & MORE_BITS), entry.flags & 1),
          page: 0,
          pages: 0,
          widened: !all.some((other) => !isRange(other) && !other.widened),
          firstSeq: Math.min(...all.map((other) => other.firstSeq)),
          lastSeq: Math.max(...all.map((other) => other.lastSeq)),
        });
      }
    }
    return out;
  };

const singlePageEntries =
  (limit: number) =>
  (entries: readonly PlannedEntry[]): readonly PlannedEntry[] =>
    entries.flatMap((entry): PlannedEntry[] => {
      if (!isRange(entry) || entry.pages === 1) return [entry];
      if (entry.pages >= limit)
        return [
          {
            ...entry,
            scope: entry.scope & 1,
            flags: entry.flags & ~2,
            page: 0,
            pages: 0,
            widened: true,
          },
        ];
      return Array.from({ length: entry.pages }, (_, i) => ({
        ...entry,
        page: entry.page + i,
        pages: 1,
      }));
    });

function smmuRangeEntries(entries: readonly PlannedEntry[]): readonly PlannedEntry[] {
  return entries.flatMap((entry): PlannedEntry[] => {
    if (!isRange(entry) || entry.page + entry.pages >= 2 ** 52) return [entry];
    let left = BigInt(entry.pages);
    if ((entry.flags & 2) === 0 && (left & 31n) === 1n) left += 1n;
    const out: PlannedEntry[] = [];
    let page = entry.page;
    while (left > 0n) {
      const lowest = left & -left;
      const chunk = Number(((left / lowest) & 31n) * lowest);
      const isWider = page + chunk > entry.page + entry.pages;
      out.push({ ...entry, page, pages: chunk, widened: entry.widened || isWider });
      page += chunk;
      left -= BigInt(chunk);
    }
    return out;
  });
}

const flushQueue =
  (size: number, timeoutNs: number): Change =>
  ({ steps, free }) => {
    const out: PlannedStep[] = [];
    const freed = [...free];
    const left = [...steps];
    while (left.length > 0) {
      const close = left[0].dueNs + timeoutNs;
      const group: PlannedStep[] = [];
      const count = (): number => group.reduce((sum, step) => sum + step.entries.length, 0);
      while (left.length > 0 && left[0].dueNs <= close && count() < size)
        group.push(...left.splice(0, 1));
      const isFull = count() >= size;
      const last = group[group.length - 1];
      const entries = group.flatMap((step) => step.entries);
      const domains = [...new Set(entries.map((entry) => entry.domain))];
      freed.push(...group.flatMap((step) => (isFull && step === last ? [] : step.releases)));
      out.push({
        dueNs: isFull ? last.dueNs : close,
        releases: isFull ? last.releases : [],
        entries: domains.map((domain) => {
          const all = entries.filter((entry) => entry.domain === domain);
          return {
            kind: KIND.iotlb,
            scope: 0,
            flags: all.reduce((bits, entry) => bits | (entry.flags & MORE_BITS), 0),
            domain,
            pasid: undefined,
            page: 0,
            pages: 0,
            widened: !all.some(
              (entry) => entry.scope === 0 && (entry.flags & 1) === 0 && !entry.widened,
            ),
            firstSeq: Math.min(...all.map((entry) => entry.firstSeq)),
            lastSeq: Math.max(...all.map((entry) => entry.lastSeq)),
          };
        }),
      });
    }
    return { steps: out, free: freed };
  };

const sequence =
  (...changes: readonly Change[]): Change =>
  (plan) =>
    changes.reduce((done, change) => change(done), plan);

const none: Change = (plan) => plan;

/** Chains as a user writes them, and what they must do. */
export const referenceChains: Readonly<Record<string, Change>> = {
  none,
  eager: none,
  barrier,
  doorbell,
  'doorbell+aligned': sequence(doorbell, perStep(alignEntries)),
  'barrier:max=3': barrierUpTo(3),
  adjacent: sequence(barrier, perStep(joinEntries)),
  aligned: sequence(barrier, perStep(alignEntries)),
  'promote:pages=12,entries=3': sequence(barrier, perStep(promoteEntries(12, 3))),
  promote: sequence(barrier, perStep(promoteEntries(512, 64))),
  window: window(50_000, 64),
  'window:us=2,max=3': window(2000, 3),
  drain: none,
  'flush-queue:size=4,timeout=20us': flushQueue(4, 20_000),
  'flush-queue': flushQueue(256, 10_000_000),
  'single-page:limit=8': sequence(barrier, perStep(singlePageEntries(8))),
  'smmu-range': sequence(barrier, perStep(smmuRangeEntries)),
  'window:us=100+aligned': sequence(window(100_000, 64), perStep(alignEntries)),
  'window+adjacent': sequence(window(50_000, 64), perStep(joinEntries)),
  'none+aligned': perStep(alignEntries),
  'adjacent+window:us=20': sequence(barrier, perStep(joinEntries), window(20_000, 64)),
  'flush-queue:size=4,timeout=20us+window:us=30': sequence(
    flushQueue(4, 20_000),
    window(30_000, 64),
  ),
  'barrier+single-page:limit=8+adjacent': sequence(
    barrier,
    perStep(singlePageEntries(8)),
    perStep(joinEntries),
  ),
};
