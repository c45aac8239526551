// The order of the page: what it ran on, the result, can I trust it, the strategies, the charts, the rest.

import type { ReportJson } from '../../../analysis/report/schema.ts';
import { el } from '../dom.ts';
import type { ViewStore } from '../state.ts';
import { banner, provenanceWords } from './banner.ts';
import { environment } from './environment.ts';
import { ChartGroups } from './groups.ts';
import { figure } from './figure.ts';
import { footer, masthead } from './masthead.ts';
import { headline } from './headline.ts';
import { liveRegion } from './live.ts';
import { plans } from './plans.ts';
import { prediction } from './prediction.ts';
import { recording } from './recording.ts';
import { runs } from './runs.ts';
import { section } from './section.ts';
import { strategies } from './strategies.ts';
import { trust } from './trust.ts';

export interface Page {
  readonly redraw: () => void;
}

export function showReport(report: ReportJson, store: ViewStore): Page {
  document.title = `${report.title} · iotlb`;
  const live = liveRegion();
  const groups = new ChartGroups();
  const grid = el('div', { class: 'iot-charts' });
  document.body.replaceChildren(
    masthead(report, store),
    el(
      'main',
      { class: 'iot-main' },
      banner(report),
      el('div', { class: 'iot-answer' }, headline(report), trust(report)),
      section('Strategies', `Each against ${report.strategies[0].strategy}.`, strategies(report)),
      section('Charts', `Measured on: ${provenanceWords(report)}.`, grid),
      report.prediction === undefined
        ? undefined
        : section(
            'Expected and measured',
            'What a cost model predicted, and how far off it was.',
            prediction(report, report.prediction),
          ),
      section('What was replayed', undefined, recording(report)),
      section('What each strategy plans', 'Counted before anything was issued.', plans(report)),
      section('Host', 'The machine that these times were measured on.', environment(report)),
      section('Runs', 'Every repeat, in the order in which it ran.', runs(report)),
    ),
    footer(report),
    live.element,
  );
  // charts measure their place: all have one before the first is drawn, or each would lay the page out anew
  const figures = report.charts.map((chart) =>
    figure(chart, { report, store, groups, live, parent: grid }),
  );
  const widths = figures.map((each) => each.width());
  figures.forEach((each, i) => each.build(widths[i]));
  const redraw = (): void => {
    for (const each of figures) each.redraw();
  };
  let width = grid.clientWidth;
  new ResizeObserver(() => {
    if (grid.clientWidth === width) return;
    width = grid.clientWidth;
    redraw();
  }).observe(grid);
  return { redraw };
}
