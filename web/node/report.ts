// `iotlb report`: a comparison -> one HTML file to open or mail.

import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { ToolError, type VerbModule } from '../../collector/base/index.ts';
import { refuseOverwrite } from '../../collector/format/index.ts';
import { reportFromFiles } from '../../analysis/report/from-files.ts';
import type { ReportJson } from '../../analysis/report/schema.ts';
import { readReport } from './read-report.ts';
import { writeReport } from './write-report.ts';

interface Options {
  readonly output: string;
  readonly force: boolean;
}

export const define: VerbModule['define'] = (command, terminal) => {
  command
    .argument(
      '<files...>',
      "a folder of 'iotlb compare' or its report.json; or result files, with their recording for the rate over time",
    )
    .option('-o, --output <file>', 'the page to write', 'report.html')
    .option('--force', 'overwrite the output', false)
    .action(async (files: readonly string[], options: Options) => {
      refuseOverwrite(options.output, options.force);
      const report = await reportOf(files);
      writeReport(report, options.output, options.force);
      terminal().story(`${report.ran_on.text}; open the page in any browser, it needs no network`);
      terminal().answer(options.output);
    });
};

async function reportOf(files: readonly string[]): Promise<ReportJson> {
  const [first] = files;
  if (files.length > 1) return reportFromFiles(files);
  if (first.endsWith('.json')) return readReport(first);
  if (statSync(first, { throwIfNoEntry: false })?.isDirectory() !== true)
    return reportFromFiles(files);
  const json = join(first, 'report.json');
  if (existsSync(json)) return readReport(json);
  const results = readdirSync(first).filter((name) => name.endsWith('.arrow'));
  if (results.length === 0) {
    throw new ToolError('E_NOT_FOUND', `${first}: holds neither a report.json nor results`);
  }
  return reportFromFiles(results.map((name) => join(first, name)));
}
