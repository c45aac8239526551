// The keyboard's cursor and zoom over points with ascending x. Knows no canvas.

import type { Range } from '../state.ts';
import type { ChartView, CursorStep, Readout } from './chart.ts';
import { zoomAbout } from './scales.ts';

export interface KeyTarget {
  readonly xs: readonly number[];
  readonly range: () => Range;
  readonly full: Range;
  readonly at: () => number | undefined;
  readonly moveTo: (index: number) => Readout;
  readonly zoomAsked: (range: Range | undefined) => void;
}

export function plotKeys(target: KeyTarget): Pick<ChartView, 'step' | 'zoomBy'> {
  return {
    step: (step) => {
      const visible = visibleSpan(target.xs, target.range());
      if (visible === undefined) return undefined;
      return target.moveTo(nextIndex(step, target.at(), visible));
    },
    zoomBy: (factor) => {
      const at = target.at();
      const range = target.range();
      const centre = at === undefined ? (range[0] + range[1]) / 2 : target.xs[at];
      target.zoomAsked(zoomAbout(range, target.full, centre, factor));
    },
  };
}

/** First and last index inside the range. */
function visibleSpan(xs: readonly number[], [low, high]: Range): Range | undefined {
  const first = xs.findIndex((x) => x >= low);
  const last = xs.findLastIndex((x) => x <= high);
  return first === -1 || last < first ? undefined : [first, last];
}

export function nextIndex(step: CursorStep, at: number | undefined, [first, last]: Range): number {
  const page = Math.max(1, Math.round((last - first) / 10));
  const from = at === undefined || at < first || at > last ? undefined : at;
  const clamp = (index: number): number => Math.min(last, Math.max(first, index));
  switch (step) {
    case 'first':
      return first;
    case 'last':
      return last;
    case 'next':
      return from === undefined ? first : clamp(from + 1);
    case 'previous':
      return from === undefined ? last : clamp(from - 1);
    case 'page-next':
      return from === undefined ? first : clamp(from + page);
    case 'page-previous':
      return from === undefined ? last : clamp(from - page);
  }
}
