// How a series looks, the same in every chart: colour, dash and marker together, so that no meaning rests
// on colour alone. The baseline is neutral, the winner's line is heavier.

import type { ReportChart, ReportJson } from '../../analysis/report/schema.ts';

export interface SeriesStyle {
  /** Token name; see tokens.css. */
  readonly color: string;
  readonly dash: readonly number[];
  /** SVG path around 0,0, about 10 units wide; canvases use it too. */
  readonly marker: string;
  readonly width: number;
}

const COLORS = 8;
const DASHES: readonly (readonly number[])[] = [
  [],
  [],
  [8, 4],
  [2, 3],
  [10, 3, 2, 3],
  [5, 3],
  [14, 4],
  [2, 2, 6, 2],
];
const MARKERS = [
  'M-4,-4H4V4H-4Z',
  'M5,0A5,5 0 1 1 -5,0A5,5 0 1 1 5,0Z',
  'M0,-5.5L5.2,4H-5.2Z',
  'M0,-6L6,0L0,6L-6,0Z',
  'M-5,-1.7H-1.7V-5H1.7V-1.7H5V1.7H1.7V5H-1.7V1.7H-5Z',
  'M0,5.5L5.2,-4H-5.2Z',
  'M-2.5,-5H2.5L5,0L2.5,5H-2.5L-5,0Z',
  'M-5,-3L-3,-5L0,-2L3,-5L5,-3L2,0L5,3L3,5L0,2L-3,5L-5,3L-2,0Z',
];

/** The style of a strategy by its place in the report; 0 is the baseline. */
export function strategyStyle(report: ReportJson, index: number): SeriesStyle {
  const wins = report.strategies[index]?.strategy === report.headline.winner;
  // after the first eight, colours repeat with another dash and marker: still told apart
  const turn = Math.floor(index / COLORS);
  return {
    color: `series-${index % COLORS}`,
    dash: DASHES[(index + turn) % DASHES.length],
    marker: MARKERS[(index + turn) % MARKERS.length],
    width: wins ? 2.75 : 1.75,
  };
}

/**
 * The style of a chart's series. What is no strategy takes colours from the end; the first is solid and so
 * wide that it shows on both sides of the next where they run on top of each other.
 */
export function seriesStyle(report: ReportJson, chart: ReportChart, index: number): SeriesStyle {
  const { strategy } = chart.series[index];
  if (strategy !== undefined) return strategyStyle(report, strategy);
  const last = COLORS - 1 - (index % COLORS);
  return {
    color: `series-${last}`,
    dash: index === 0 ? [] : DASHES[2 + ((index - 1) % (DASHES.length - 2))],
    marker: MARKERS[last],
    width: index === 0 ? 4.5 : 1.25,
  };
}
