// One chart with everything around it: question, key, reset, keyboard, notes, data table.

import type { ReportChart, ReportJson } from '../../../analysis/report/schema.ts';
import type { ChartView, Readout } from '../charts/chart.ts';
import { chartKind } from '../charts/index.ts';
import { el } from '../dom.ts';
import { seriesStyle, strategyStyle, type SeriesStyle } from '../series-style.ts';
import type { ViewStore } from '../state.ts';
import { currentTheme } from '../theme.ts';
import { provenanceChip } from './banner.ts';
import { dataTable } from './data-table.ts';
import { keyAction } from './figure-keys.ts';
import { groupOf, type ChartGroups } from './groups.ts';
import { seriesKey, type SeriesKey } from './series-key.ts';
import type { Live } from './live.ts';
import { tip } from './tip.ts';

export interface FigureContext {
  readonly report: ReportJson;
  readonly store: ViewStore;
  readonly groups: ChartGroups;
  readonly live: Live;
  readonly parent: HTMLElement;
}

export interface Figure {
  /** How wide its chart may be. Forces a layout: ask all figures before the first is built. */
  readonly width: () => number;
  /** Draws the chart into its place. Once. */
  readonly build: (width: number) => void;
  readonly redraw: () => void;
}

/** Puts the figure into the page, still without its chart. */
export function figure(chart: ReportChart, context: FigureContext): Figure {
  const { report, store } = context;
  const styles = chart.series.map((_, i) => seriesStyle(report, chart, i));
  const parts: Parts = {
    styles,
    key: seriesKey(chart, { report, styles, store }),
    host: el('div', { class: 'iot-plot', id: `iot-chart-${chart.id}` }),
    reset: el('button', { type: 'button', class: 'iot-reset', hidden: true }, 'Reset zoom'),
    notes: el('div', { class: 'iot-notes' }),
  };
  const { key, host, reset, notes } = parts;
  context.parent.append(frame(chart, report, [key.element, host, reset, notes, dataTable(chart)]));
  let view: ChartView | undefined;
  return {
    width: () => host.clientWidth,
    build: (width) => {
      view = connected(chart, context, { ...parts, width });
    },
    redraw: () => view?.redraw(),
  };
}

interface Parts {
  readonly styles: readonly SeriesStyle[];
  readonly key: SeriesKey;
  readonly host: HTMLElement;
  readonly reset: HTMLElement;
  readonly notes: HTMLElement;
}

/** The chart, and what passes between it and the page: cursor, zoom, hidden series. */
function connected(
  chart: ReportChart,
  context: FigureContext,
  parts: Parts & { readonly width: number },
): ChartView {
  const { report, store, groups, live } = context;
  const { key, host, reset, styles } = parts;
  const group = groupOf(chart);
  const values = tip(host, chart, styles);
  let shown: ChartView | undefined;
  const view = chartKind(chart.kind).build(chart, {
    host,
    width: parts.width,
    styles,
    categoryStyle: (name) => {
      const index = report.strategies.findIndex((each) => each.strategy === name);
      return index === -1 ? undefined : strategyStyle(report, index);
    },
    theme: currentTheme,
    cursorMoved: (readout, following) => {
      values.show(readout);
      if (!following && shown !== undefined) groups.share(group, shown, readout?.at);
    },
    zoomAsked: (range) => store.setZoom(group, range),
  });
  shown = view;
  groups.join(group, view);
  parts.notes.append(...noteLines(chart, view));
  if (view.step !== undefined) listenKeys(host, chart, view, context);
  reset.addEventListener('click', () => {
    store.setZoom(group, undefined);
    host.focus();
    live.say('Zoom reset');
  });
  const apply = (): void => {
    view.setHidden?.(chart.series.map((_, i) => key.isHidden(i)));
    view.setZoom?.(store.state.zoom.get(group));
    reset.hidden = !store.state.zoom.has(group);
  };
  store.watch(apply);
  apply();
  return view;
}

function frame(chart: ReportChart, report: ReportJson, parts: readonly Node[]): HTMLElement {
  const title = `iot-title-${chart.id}`;
  return el(
    'figure',
    { class: `iot-figure iot-figure-${chart.kind}`, 'aria-labelledby': title },
    el(
      'figcaption',
      {},
      el('h3', { id: title }, chart.question),
      el('p', { class: 'iot-figure-what' }, `${chart.title} `, provenanceChip(report)),
    ),
    ...parts,
  );
}

function noteLines(chart: ReportChart, view: ChartView): HTMLElement[] {
  const own = chart.note === undefined ? [] : [chart.note];
  return [...own, ...view.notes].map((text) => el('p', {}, text));
}

function listenKeys(
  host: HTMLElement,
  chart: ReportChart,
  view: ChartView,
  context: FigureContext,
): void {
  host.tabIndex = 0;
  host.setAttribute('role', 'application');
  host.setAttribute('aria-roledescription', 'chart');
  host.setAttribute(
    'aria-label',
    `${chart.title}: ${chart.y.title} by ${chart.x.title}, ${chart.series.length} series. Arrow keys read values.`,
  );
  host.addEventListener('blur', () => {
    view.showAt?.(undefined);
    context.groups.share(groupOf(chart), view, undefined);
  });
  host.addEventListener('keydown', (event) => {
    const action = keyAction(event);
    if (action === undefined) return;
    event.preventDefault();
    if (action.kind === 'step') {
      const readout = view.step?.(action.step);
      if (readout !== undefined) context.live.say(sentence(chart, readout));
    } else if (action.kind === 'zoom') view.zoomBy?.(action.factor);
    else context.store.setZoom(groupOf(chart), undefined);
  });
}

function sentence(chart: ReportChart, readout: Readout): string {
  const values = chart.series.flatMap((series, i) => {
    const value = readout.values[i];
    return value === undefined ? [] : [`${series.name} ${value}`];
  });
  return `${readout.x}: ${values.join(', ')}`;
}
