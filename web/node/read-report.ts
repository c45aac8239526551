// A file that should hold a ReportJson -> the report, checked; or an error that says what is wrong with it.

import { readFileSync } from 'node:fs';

import {
  REPORT_FORMAT,
  REPORT_VERSION,
  reportSchema,
  type ReportJson,
} from '../../analysis/report/schema.ts';
import { ToolError, fileError, parseJson } from '../../collector/base/index.ts';

const UNTOUCHED = 'No page was written.';

export function readReport(path: string): ReportJson {
  const value = parseJson(textOf(path));
  const { format, version } = envelope(value);
  if (format !== REPORT_FORMAT) {
    throw new ToolError('E_FORMAT', `${path}: not a report of a comparison. ${UNTOUCHED}`, {
      hint: `a report is a JSON file whose format is '${REPORT_FORMAT}'`,
    });
  }
  if (typeof version === 'number' && version > REPORT_VERSION) {
    throw new ToolError(
      'E_NEWER_FORMAT',
      `${path}: written in report format ${version}; this reads up to ${REPORT_VERSION}. ${UNTOUCHED}`,
      { hint: 'use a newer iotlb' },
    );
  }
  if (typeof version === 'number' && version < REPORT_VERSION) {
    throw new ToolError(
      'E_FORMAT',
      `${path}: written in report format ${version}, whose intervals were made by another rule; this reads ${REPORT_VERSION}. ${UNTOUCHED}`,
      { hint: 'report its result files again: iotlb report FOLDER/*.arrow -o PAGE.html' },
    );
  }
  const parsed = reportSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const where = issue.path.length === 0 ? 'the report' : issue.path.join('.');
  throw new ToolError('E_FORMAT', `${path}: ${where}: ${issue.message}. ${UNTOUCHED}`);
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw fileError(error, path, UNTOUCHED);
  }
}

function envelope(value: unknown): { readonly format?: unknown; readonly version?: unknown } {
  return typeof value === 'object' && value !== null ? value : {};
}
