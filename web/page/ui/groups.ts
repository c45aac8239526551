// Charts with the same x belong together: one cursor, and one zoom in the
// view's state under the group's name. Owns who they are.

import type { ReportChart } from '../../../analysis/report/schema.ts';
import type { ChartView } from '../charts/chart.ts';

export class ChartGroups {
  readonly #members = new Map<string, ChartView[]>();

  join(group: string, view: ChartView): void {
    this.#members.set(group, [...(this.#members.get(group) ?? []), view]);
  }

  /** Shows the cursor of one chart in the others of its group. */
  share(group: string, from: ChartView | undefined, x: number | undefined): void {
    for (const view of this.#members.get(group) ?? []) {
      if (view !== from) view.showAt?.(x);
    }
  }
}

/** Scatter and bars have an x of their own; lines and percentiles share theirs by title, unit and scale. */
export function groupOf(chart: ReportChart): string {
  const shares = chart.kind === 'line' || chart.kind === 'percentiles';
  return shares ? [chart.x.title, chart.x.unit, chart.x.scale].join('/') : chart.id;
}
