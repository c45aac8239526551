// Writes a report's page: whole or not at all.

import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';

import type { ReportJson } from '../../analysis/report/schema.ts';
import { fileError } from '../../collector/base/index.ts';
import { refuseOverwrite } from '../../collector/format/index.ts';
import { reportHtml } from './html.ts';

export function writeReport(report: ReportJson, path: string, force: boolean): void {
  refuseOverwrite(path, force);
  const html = reportHtml(report);
  const partial = `${path}.partial`;
  try {
    const fd = openSync(partial, 'w');
    try {
      writeFileSync(fd, html);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(partial, path);
  } catch (error) {
    rmSync(partial, { force: true });
    throw fileError(error, path, 'Nothing was left behind.');
  }
}
