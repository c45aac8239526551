// `iotlb cut`: a part of a recording as a recording of its own.

import {
  Output,
  ToolError,
  formatCount,
  jsonText,
  type Terminal,
  type VerbModule,
} from '../base/index.ts';
import { cutTrace } from '../select/cut.ts';
import { addSelectFlags, selectionText, type SelectFlags } from '../select/flags.ts';

interface Options extends SelectFlags {
  readonly output: string;
  readonly force: boolean;
  readonly json: boolean;
}

export const define: VerbModule['define'] = (command, terminal) => {
  command
    .argument('<recording>', 'a recording')
    .requiredOption('-o, --output <file>', 'the part to write');
  addSelectFlags(command)
    .option('--force', 'overwrite the output', false)
    .option('--json', 'print what was done as one JSON document', false)
    .addHelpText(
      'after',
      '\nTimes and numbers of streams, waiters and domains stay. Barriers of what is selected stay whatever domains\nand kinds are named. What the recording lost counts as lost in its parts too.',
    )
    .action((path: string, options: Options) => run(path, options, terminal()));
};

function run(path: string, options: Options, terminal: Terminal): void {
  const output = new Output(options.output, { force: options.force, inputs: [path] });
  const what = selectionText(options);
  if (what === '') {
    throw new ToolError('E_USAGE', 'cut needs to know what to keep; nothing was written', {
      hint: 'for example: --begin 2s --end 3s, or --vm 0',
    });
  }
  const { events, of, lost } = cutTrace(path, output, options);
  terminal.answer(options.json ? jsonText({ output: output.path, events, of, lost }) : output.path);
  terminal.story(`${formatCount(events)} of ${formatCount(of)} rows: ${what}`);
  if (lost > 0) terminal.warn(`${formatCount(lost)} events were lost already in what was cut`);
}
