// The key of a chart: a button a series, which hides it wherever it is drawn.

import type { ReportChart, ReportJson } from '../../../analysis/report/schema.ts';
import { BAR_FILLS } from '../charts/bars.ts';
import { el } from '../dom.ts';
import type { SeriesStyle } from '../series-style.ts';
import type { ViewStore } from '../state.ts';
import { swatch } from './swatch.ts';

export interface SeriesKey {
  readonly element: HTMLElement;
  readonly isHidden: (index: number) => boolean;
}

interface KeyContext {
  readonly report: ReportJson;
  readonly styles: readonly SeriesStyle[];
  readonly store: ViewStore;
}

export function seriesKey(chart: ReportChart, context: KeyContext): SeriesKey {
  const { store, report, styles } = context;
  const keys = chart.series.map((series) => hideKey(chart, report, series));
  const isHidden = (index: number): boolean => store.state.hidden.has(keys[index]);
  const buttons = chart.series.map((series, i) => {
    const button = el('button', { type: 'button' }, keySwatch(chart, styles[i], i), series.name);
    button.addEventListener('click', () => store.toggleHidden(keys[i]));
    return button;
  });
  const mark = (): void => {
    buttons.forEach((button, i) => button.setAttribute('aria-pressed', String(!isHidden(i))));
  };
  store.watch(mark);
  mark();
  const element = el(
    'div',
    {
      class: 'iot-key',
      role: 'group',
      'aria-label': `Series of ${chart.title}, pressed are shown`,
    },
    ...buttons,
  );
  // bars say their names and values themselves; one series needs no key
  element.hidden = chart.kind === 'bars' && chart.series.length < 2;
  return {
    element,
    isHidden,
  };
}

/** Bars differ by their filling, lines by dash and marker. */
function keySwatch(chart: ReportChart, style: SeriesStyle, index: number): Element {
  if (chart.kind !== 'bars') return swatch(style);
  return el('span', { class: `iot-bar-swatch iot-bar-fill iot-bar-fill-${index % BAR_FILLS}` });
}

/** Strategies hide in every chart at once; any other series only in its own. */
function hideKey(
  chart: ReportChart,
  report: ReportJson,
  series: ReportChart['series'][number],
): string {
  const strategy =
    series.strategy === undefined ? undefined : report.strategies[series.strategy]?.strategy;
  return strategy ?? `${chart.id}/${series.name}`;
}
