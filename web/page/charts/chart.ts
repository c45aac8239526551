// What a chart kind gives and gets. A kind is handed data, styles and theme; it knows neither files nor
// URLs, and reports what the reader does through the context.

import type { ReportChart } from '../../../analysis/report/schema.ts';
import type { SeriesStyle } from '../series-style.ts';
import type { Range } from '../state.ts';
import type { Theme } from '../theme.ts';

export interface ChartKind {
  readonly kind: ReportChart['kind'];
  readonly build: (chart: ReportChart, context: ChartContext) => ChartView;
}

/** Values under the cursor, as text; undefined where a series is hidden or has none there. */
export interface Readout {
  readonly at: number;
  readonly x: string;
  readonly values: readonly (string | undefined)[];
  /** Where the cursor stands, in pixels from the left of the host. */
  readonly left: number;
}

export interface ChartContext {
  /** Empty, in the document, as wide as the chart may be. */
  readonly host: HTMLElement;
  /** The host's width as the chart is built; measured once for all charts. */
  readonly width: number;
  /** By series. */
  readonly styles: readonly SeriesStyle[];
  /** The look of a strategy that is a category here; undefined for other names. */
  readonly categoryStyle: (name: string) => SeriesStyle | undefined;
  readonly theme: () => Theme;
  /** `following`: another chart of the group moved it, and has told the others. */
  readonly cursorMoved: (readout: Readout | undefined, following: boolean) => void;
  readonly zoomAsked: (range: Range | undefined) => void;
}

export type CursorStep = 'next' | 'previous' | 'first' | 'last' | 'page-next' | 'page-previous';

/** A drawn chart. What a kind has no notion of is left out. */
export interface ChartView {
  /** Theme or size changed. */
  readonly redraw: () => void;
  readonly setHidden?: (hidden: readonly boolean[]) => void;
  readonly setZoom?: (range: Range | undefined) => void;
  /** Shows the cursor where another chart has it. */
  readonly showAt?: (x: number | undefined) => void;
  /** Moves the cursor by key and says what is there. */
  readonly step?: (step: CursorStep) => Readout | undefined;
  /** Zooms about the cursor by a factor; below 1 zooms in. */
  readonly zoomBy?: (factor: number) => void;
  /** What was changed to make the data drawable, for the reader to know. */
  readonly notes: readonly string[];
}
