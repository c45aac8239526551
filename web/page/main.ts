// The report page: reads the ReportJson in the document and shows it. Fetches nothing, ever.

import type { ReportJson } from '../../analysis/report/schema.ts';
import { ViewStore } from './state.ts';
import { followTheme } from './theme.ts';
import { showReport } from './ui/page.ts';

performance.mark('iot-start');
const data = document.querySelector('#report')?.textContent;
if (data === undefined) throw new Error('the page holds no report');
const report = JSON.parse(data) as ReportJson; // checked by reportSchema when the page was written

const store = new ViewStore();
let redraw = (): void => undefined;
followTheme(store, () => redraw()); // before anything is drawn, so that it is drawn once
({ redraw } = showReport(report, store));
document.documentElement.dataset.ready = 'true';
performance.measure('iot-open', 'iot-start'); // how long the page took, for whoever asks the browser
