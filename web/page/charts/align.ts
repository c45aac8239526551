// Series with their own x -> one table with a common x, as uPlot wants it; and zeros on log axes.
// Nothing is dropped: what a log scale cannot place is put on its bottom line and counted.

import uPlot from 'uplot';

import type { ReportChart } from '../../../analysis/report/schema.ts';

type Column = (number | null | undefined)[];
type Table = [x: number[], y: (number | null)[]];

export interface AlignedSeries {
  readonly x: readonly number[];
  /** As reported: for readouts. `undefined` where a series has no point at this x. */
  readonly values: readonly Column[];
  /** As drawn: zeros of a log scale on the floor. */
  readonly drawn: readonly Column[];
  /** Where zero and below is drawn on the log axis; undefined where nothing had to be moved. */
  readonly floor: number | undefined;
  readonly moved: number;
}

export function align(chart: ReportChart): AlignedSeries {
  const tables = chart.series.map((series) => sorted(series));
  const joined = joinOnX(tables);
  const values = joined.slice(1);
  if (chart.y.scale === 'linear') {
    return { x: joined[0] as number[], values, drawn: values, floor: undefined, moved: 0 };
  }
  const floor = logFloor(values);
  let moved = 0;
  const drawn = values.map((column) =>
    column.map((value) => {
      if (value === null || value === undefined || value > 0) return value;
      moved++;
      return floor;
    }),
  );
  return {
    x: joined[0] as number[],
    values,
    drawn,
    floor: moved === 0 ? undefined : floor,
    moved,
  };
}

/** The power of ten below the smallest value above zero: there, zero stands apart from what was measured. */
export function logFloor(columns: readonly (readonly (number | null | undefined)[])[]): number {
  let least = Number.POSITIVE_INFINITY;
  for (const column of columns) {
    for (const value of column) {
      if (value !== null && value !== undefined && value > 0 && value < least) least = value;
    }
  }
  return Number.isFinite(least) ? 10 ** (Math.ceil(Math.log10(least)) - 1) : 1;
}

function sorted(series: ReportChart['series'][number]): Table {
  const ascending = series.x.every((x, i) => i === 0 || series.x[i - 1] <= x);
  if (ascending) return [series.x, series.y];
  const order = series.x.map((_, i) => i).sort((a, b) => series.x[a] - series.x[b]);
  return [order.map((i) => series.x[i]), order.map((i) => series.y[i])];
}

function joinOnX(tables: readonly Table[]): Column[] {
  if (tables.length === 0) return [[]];
  const [first] = tables[0];
  const same = tables.every(
    ([x]) => x.length === first.length && x.every((value, i) => value === first[i]),
  );
  if (same) return [first, ...tables.map(([, y]) => y)];
  // nulls stay nulls (a gap); an x that a series does not have becomes undefined (drawn through)
  return uPlot.join([...tables]) as Column[];
}
