// Samples as tables: each peer's errors, and ours to each other's of the same round.

import { formatDuration } from '../../../collector/base/index.ts';
import type { BenchTable } from '../bench.ts';
import { median, type IssueError } from './error.ts';
import type { Sample } from './measure.ts';
import { ours } from './peers.ts';

export type Stamped = 'own' | 'observed';
type Pick = (error: IssueError) => number;

const RATIOS: readonly (readonly [string, Pick])[] = [
  ['p50', (error) => error.p50_ns],
  ['p99', (error) => error.p99_ns],
  ['p99.9', (error) => error.p999_ns],
];

export function errorTable(title: string, samples: readonly Sample[], from: Stamped): BenchTable {
  const rows = groups(samples.filter((sample) => sample[from] !== undefined)).map((group) => {
    const each = (pick: Pick): readonly number[] => errorsOf(group, from).map(pick);
    const floors = group.map((sample) => sample.floor_over_10us);
    const middle = (pick: Pick): string => formatDuration(median(each(pick)));
    return [
      group[0].arrivals,
      group[0].peer,
      middle((error) => error.p50_ns),
      middle((error) => error.p99_ns),
      each((error) => error.p999_ns)
        .map(formatDuration)
        .join(', '),
      middle((error) => error.gap_p50_ns),
      middle((error) => Math.abs(error.drift_ns)),
      percent(median(each((error) => error.share_over_10us))),
      percent(median(floors)),
      from === 'own' ? verdictsText(group) : '',
    ];
  });
  const heading = [
    'arrivals',
    '',
    'p50',
    'p99',
    'p99.9, each round',
    'gap p50',
    'drift',
    'over 10 µs',
    'floor',
    'its own verdict',
  ];
  return withoutEmpty({ title, rows: [heading, ...rows] });
}

/** Ours to each peer's of the same round: median and range. */
export function ratioTable(title: string, samples: readonly Sample[], from: Stamped): BenchTable {
  const rows = groups(samples).flatMap((group) => {
    if (group[0].peer === ours.name) return [];
    return RATIOS.flatMap(([name, pick]) => {
      const values = ratiosOf(samples, group, from, pick);
      if (values.length === 0) return [];
      return [[group[0].arrivals, `iotlb / ${group[0].peer}`, name, ...spread(values)]];
    });
  });
  return { title, rows: [['arrivals', 'ratio', 'of', 'median', 'range'], ...rows] };
}

/** Ours to those of `theirs`, round by round, where both were measured. */
export function ratiosOf(
  samples: readonly Sample[],
  theirs: readonly Sample[],
  from: Stamped,
  pick: Pick,
): readonly number[] {
  return theirs.flatMap((their) => {
    const mine = samples.find(
      (sample) =>
        sample.peer === ours.name &&
        sample.arrivals === their.arrivals &&
        sample.round === their.round,
    );
    const a = mine?.[from];
    const b = their[from];
    if (a === undefined || b === undefined) return [];
    const ratio = pick(a) / pick(b);
    return Number.isFinite(ratio) ? [ratio] : [];
  });
}

/** Samples of one peer on the same arrivals, in the order in which they first came. */
export function groups(samples: readonly Sample[]): readonly (readonly Sample[])[] {
  const keys = new Map<string, Sample[]>();
  for (const sample of samples) {
    const key = `${sample.arrivals}\n${sample.peer}`;
    keys.set(key, [...(keys.get(key) ?? []), sample]);
  }
  return [...keys.values()];
}

export function errorsOf(samples: readonly Sample[], from: Stamped): readonly IssueError[] {
  return samples.flatMap((sample) => sample[from] ?? []);
}

function verdictsText(group: readonly Sample[]): string {
  const counts = new Map<string, number>();
  for (const { verdict } of group) {
    if (verdict !== undefined) counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
  }
  return [...counts].map(([verdict, times]) => `${times} × ${verdict}`).join(', ');
}

/** A column in which no row says anything is left out. */
function withoutEmpty({ title, rows }: Required<BenchTable>): BenchTable {
  const [heading, ...rest] = rows;
  const keep = heading.map((_, column) => rest.some((row) => row[column] !== ''));
  return { title, rows: rows.map((row) => row.filter((_, column) => keep[column])) };
}

export function spread(values: readonly number[]): readonly [string, string] {
  const range = `${short(Math.min(...values))} … ${short(Math.max(...values))}`;
  return [short(median(values)), range];
}

/** Two digits, and never a power of ten. */
export function short(value: number): string {
  if (value > 0 && value < 0.01) return `1/${short(1 / value)}`;
  return value.toLocaleString('en-US', { maximumSignificantDigits: 2 });
}

export const percent = (share: number): string => `${(share * 100).toFixed(2)} %`;
