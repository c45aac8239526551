// Two recordings of one stream against each other: what both show, what only one shows, inside the time that
// both were on and outside, and how far apart their clocks are. Owns no printing.

import { ToolError } from '../base/index.ts';
import { openTrace } from '../format/index.ts';
import { KIND, KINDS, type TraceHeader } from '../model/index.ts';
import { alignKeys } from './align.ts';
import {
  kindRules,
  readKeys,
  viewRecording,
  type RecordingView,
  type RequestKeys,
} from './request-keys.ts';

/** Places of disagreement that are listed; all are counted. */
const PLACES_LISTED = 10;

export interface OnlyOne {
  readonly total: number;
  /** Between the first and the last match: both were on, and only one shows it. */
  readonly inside: number;
  /** Sequence numbers of the first of them. */
  readonly places: readonly number[];
}

export interface SideReport {
  readonly path: string;
  readonly source: string;
  readonly clock: string;
  readonly barriers: TraceHeader['barriers'];
  readonly compared: number;
  /** Barriers between the first and the last match. */
  readonly barriersInside: number;
  /** Time of the first and of the last match. */
  readonly fromNs: number;
  readonly toNs: number;
}

export interface OffsetReport {
  /** Median of here's time minus there's time, both on their own clocks. */
  readonly medianNs: bigint;
  /** Distances from the median. */
  readonly spreadNs: Readonly<Record<'min' | 'p1' | 'p25' | 'p75' | 'p99' | 'max', number>>;
  /** How the offset moved from the first tenth of the matches to the last. */
  readonly driftNs: number;
}

export interface AgainstReport {
  readonly here: SideReport;
  readonly there: SideReport;
  readonly matched: number;
  readonly onlyHere: OnlyOne;
  readonly onlyThere: OnlyOne;
  readonly offset: OffsetReport | undefined;
  /** Kinds compared, each by its words or by the fields that both show. */
  readonly comparedKinds: Readonly<Record<string, 'words' | 'fields'>>;
  /** Rows of kinds that only one side can show. */
  readonly notCompared: Readonly<Record<string, readonly [number, number]>>;
}

/** Compares the recordings at `here` and `there`. Throws ToolError. */
export function compareRecordings(here: string, there: string): AgainstReport {
  const views = [viewRecording(here), viewRecording(there)] as const;
  const rules = kindRules(...views);
  const keys = [readKeys(here, views[0], rules), readKeys(there, views[1], rules)] as const;
  if (keys[0].count === 0 || keys[1].count === 0) throw nothingCommon(here, there, views);
  const match = alignKeys(...keys);
  const back = inverse(match, keys[0].count);
  const pairs = pairsOf(match);
  const span = spanOf(keys, pairs);
  return {
    here: side(here, views[0], keys[0].count, span.here),
    there: side(there, views[1], keys[1].count, span.there),
    matched: pairs.there.length,
    onlyHere: onlyOne(keys[0], back, span.here),
    onlyThere: onlyOne(keys[1], match, span.there),
    offset: pairs.there.length === 0 ? undefined : offsetOf(views, keys, pairs),
    comparedKinds: Object.fromEntries(
      KINDS.flatMap((kind, i) => {
        const rule = rules[i];
        return rule === undefined ? [] : [[kind, rule.by] as const];
      }),
    ),
    notCompared: Object.fromEntries(
      KINDS.flatMap((kind, i) => {
        const rows = [views[0].kinds[i].rows, views[1].kinds[i].rows] as const;
        return rules[i] !== undefined || rows[0] + rows[1] === 0 ? [] : [[kind, rows] as const];
      }),
    ),
  };
}

interface Pairs {
  /** Row of each side's keys, pair by pair. */
  readonly here: Int32Array;
  readonly there: Int32Array;
}

/** From the first match to the last; without any, from infinity back: nothing is inside. */
interface Span {
  readonly fromNs: number;
  readonly toNs: number;
}

function pairsOf(match: Int32Array): Pairs {
  const count = match.reduce((sum, row) => sum + (row >= 0 ? 1 : 0), 0);
  const here = new Int32Array(count);
  const there = new Int32Array(count);
  let at = 0;
  match.forEach((row, i) => {
    if (row < 0) return;
    here[at] = row;
    there[at++] = i;
  });
  return { here, there };
}

function inverse(match: Int32Array, count: number): Int32Array {
  const back = new Int32Array(count).fill(-1);
  match.forEach((row, i) => {
    if (row >= 0) back[row] = i;
  });
  return back;
}

function spanOf(
  keys: readonly [RequestKeys, RequestKeys],
  pairs: Pairs,
): { here: Span; there: Span } {
  const span = (key: RequestKeys, rows: Int32Array): Span =>
    rows.length === 0
      ? { fromNs: Number.POSITIVE_INFINITY, toNs: Number.NEGATIVE_INFINITY }
      : { fromNs: key.time[rows[0]], toNs: key.time[rows[rows.length - 1]] };
  return { here: span(keys[0], pairs.here), there: span(keys[1], pairs.there) };
}

function onlyOne(keys: RequestKeys, match: Int32Array, span: Span): OnlyOne {
  let total = 0;
  let inside = 0;
  const places: number[] = [];
  for (let i = 0; i < keys.count; i++) {
    if (match[i] >= 0) continue;
    total++;
    if (keys.time[i] < span.fromNs || keys.time[i] > span.toNs) continue;
    inside++;
    if (places.length < PLACES_LISTED) places.push(keys.seq[i]);
  }
  return { total, inside, places };
}

function side(path: string, view: RecordingView, compared: number, span: Span): SideReport {
  const { header } = view;
  return {
    path,
    source: header.source.name,
    clock: header.clock.name,
    barriers: header.barriers,
    compared,
    barriersInside: barriersInside(path, span),
    ...span,
  };
}

function barriersInside(path: string, span: Span): number {
  using reader = openTrace(path, { words: false });
  let count = 0;
  for (const { count: rows, kind, tNs } of reader.batches()) {
    for (let i = 0; i < rows; i++) {
      if (kind[i] === KIND.barrier && tNs[i] >= span.fromNs && tNs[i] <= span.toNs) count++;
    }
  }
  return count;
}

function offsetOf(
  views: readonly [RecordingView, RecordingView],
  keys: readonly [RequestKeys, RequestKeys],
  pairs: Pairs,
): OffsetReport {
  const distance = new Float64Array(pairs.here.length);
  for (let i = 0; i < distance.length; i++) {
    distance[i] = keys[0].time[pairs.here[i]] - keys[1].time[pairs.there[i]];
  }
  const tenth = Math.max(1, Math.floor(distance.length / 10));
  const driftNs = median(distance.slice(-tenth)) - median(distance.slice(0, tenth));
  const sorted = distance.sort();
  const middle = quantile(sorted, 0.5);
  const from = (share: number): number => quantile(sorted, share) - middle;
  const start = (view: RecordingView): bigint => BigInt(view.header.clock.start_ns);
  return {
    medianNs: start(views[0]) - start(views[1]) + BigInt(Math.round(middle)),
    spreadNs: {
      min: from(0),
      p1: from(0.01),
      p25: from(0.25),
      p75: from(0.75),
      p99: from(0.99),
      max: from(1),
    },
    driftNs,
  };
}

function quantile(sorted: Float64Array, share: number): number {
  return sorted[Math.round(share * (sorted.length - 1))];
}

function median(values: Float64Array): number {
  return quantile(values.sort(), 0.5);
}

function nothingCommon(
  here: string,
  there: string,
  views: readonly [RecordingView, RecordingView],
): ToolError {
  const kinds = (view: RecordingView): string =>
    KINDS.filter((_, i) => view.kinds[i].rows > 0).join(', ') || 'nothing';
  return new ToolError(
    'E_MISMATCH',
    `${here} holds ${kinds(views[0])}; ${there} holds ${kinds(views[1])}: no kind of request is in both`,
    {
      hint: 'compare two views of one stream, for example the log of QEMU and the trace of its guest',
    },
  );
}
