// `iotlb report`: a comparison's report -> one HTML file to open or mail.

import type { VerbModule } from '../../collector/base/index.ts';
import { refuseOverwrite } from '../../collector/format/index.ts';
import { readReport } from './read-report.ts';
import { writeReport } from './write-report.ts';

interface Options {
  readonly output: string;
  readonly force: boolean;
}

export const define: VerbModule['define'] = (command, terminal) => {
  command
    .argument('<report>', 'the report of a comparison, as JSON')
    .option('-o, --output <file>', 'the page to write', 'report.html')
    .option('--force', 'overwrite the output', false)
    .action((path: string, options: Options) => {
      refuseOverwrite(options.output, options.force);
      const report = readReport(path);
      writeReport(report, options.output, options.force);
      terminal().story(`${report.ran_on.text}; open the page in any browser, it needs no network`);
      terminal().answer(options.output);
    });
};
