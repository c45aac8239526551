// The values under a chart's cursor, in a box over the plot: a box beside it would move the chart when it
// grows. For the eye only; the live region speaks.

import type { ReportChart } from '../../../analysis/report/schema.ts';
import type { Readout } from '../charts/chart.ts';
import { el } from '../dom.ts';
import type { SeriesStyle } from '../series-style.ts';
import { swatch } from './swatch.ts';

export interface Tip {
  readonly show: (readout: Readout | undefined) => void;
}

const GAP_PX = 14;

export function tip(host: HTMLElement, chart: ReportChart, styles: readonly SeriesStyle[]): Tip {
  const box = el('div', { class: 'iot-tip', 'aria-hidden': 'true', hidden: true });
  host.append(box);
  return {
    show: (readout) => {
      box.hidden = readout === undefined;
      if (readout === undefined) return;
      const rows = chart.series.flatMap((series, i) => {
        const value = readout.values[i];
        if (value === undefined) return [];
        const name = el('span', { class: 'iot-tip-name' }, series.name);
        return [swatch(styles[i]), name, el('span', { class: 'iot-tip-value' }, value)];
      });
      box.replaceChildren(el('span', { class: 'iot-tip-at' }, readout.x), ...rows);
      beside(box, host, readout.left);
    },
  };
}

/** On the side of the cursor that has more room. */
function beside(box: HTMLElement, host: HTMLElement, left: number): void {
  const right = host.clientWidth - left;
  box.style.left = left < right ? `${left + GAP_PX}px` : 'auto';
  box.style.right = left < right ? 'auto' : `${right + GAP_PX}px`;
}
