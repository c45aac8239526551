// What a kind adds to the common plot on a canvas.

import type uPlot from 'uplot';

import type { Range } from '../state.ts';
import type { AlignedSeries } from './align.ts';

export interface PlotKind {
  /** The x range without zoom. */
  readonly xFull: (aligned: AlignedSeries) => Range;
  readonly xTicks?: (min: number, max: number) => number[];
  readonly xLabels?: (ticks: readonly number[]) => string[];
  readonly xText?: (x: number) => string;
  readonly series?: (index: number) => Partial<uPlot.Series>;
  readonly draw?: (u: uPlot) => void;
  readonly height?: number;
  /** The cursor reads points at its very x only, not the nearest of each series. */
  readonly exact?: boolean;
}
