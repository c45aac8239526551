// Writes a report's page: whole or not at all.

import type { ReportJson } from '../../analysis/report/schema.ts';
import type { Output } from '../../collector/base/index.ts';
import { reportHtml } from './html.ts';

export function writeReport(report: ReportJson, output: Output): void {
  output.write([reportHtml(report)]);
}
