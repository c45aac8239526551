// `iotlb report`: a comparison -> one HTML file to open or mail.

import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { Output, ToolError, type VerbModule } from '../../collector/base/index.ts';
import { reportFromFiles } from '../../analysis/report/from-files.ts';
import type { ReportJson } from '../../analysis/report/schema.ts';
import { readReport } from './read-report.ts';
import { writeReport } from './write-report.ts';

interface Options {
  readonly output: string;
  readonly force: boolean;
  readonly baseline?: string;
}

export const define: VerbModule['define'] = (command, terminal) => {
  command
    .argument(
      '<files...>',
      "a folder of 'iotlb compare' or its report.json; or result files, with their recording for the rate over time",
    )
    .option('-o, --output <file>', 'the page to write', 'report.html')
    .option(
      '--baseline <strategy>',
      'what result files are compared with (default: none, where it is among them)',
    )
    .option('--force', 'overwrite the output', false)
    .action(async (files: readonly string[], options: Options) => {
      const inputs = inputsOf(files);
      const output = new Output(options.output, { force: options.force, inputs });
      const report = await reportOf(inputs, options.baseline);
      writeReport(report, output);
      terminal().story(`${report.ran_on.text}; open the page in any browser, it needs no network`);
      terminal().answer(options.output);
    });
};

async function reportOf(
  files: readonly string[],
  baseline: string | undefined,
): Promise<ReportJson> {
  const [first] = files;
  return files.length === 1 && first.endsWith('.json')
    ? readReport(first)
    : reportFromFiles(files, baseline);
}

/** The files that are read: those given, or what a folder of `iotlb compare` holds. */
function inputsOf(files: readonly string[]): readonly string[] {
  const [first] = files;
  const isFolder = statSync(first, { throwIfNoEntry: false })?.isDirectory() === true;
  if (files.length > 1 || !isFolder) return files;
  const json = join(first, 'report.json');
  if (existsSync(json)) return [json];
  const results = readdirSync(first).filter((name) => name.endsWith('.arrow'));
  if (results.length === 0) {
    throw new ToolError('E_NOT_FOUND', `${first}: holds neither a report.json nor results`);
  }
  return results.map((name) => join(first, name));
}
