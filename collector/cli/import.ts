// `iotlb import`: a log or capture of another tool -> a sealed recording.

import { statSync } from 'node:fs';

import {
  EXIT,
  Output,
  ToolError,
  formatCount,
  formatDuration,
  jsonText,
  kindOfFile,
  watchInterrupt,
  type VerbModule,
} from '../base/index.ts';
import { isRecording, sealTrace } from '../format/index.ts';
import { importSources } from '../sources/index.ts';
import { importTrace } from '../sources/import.ts';
import type { LossDetail, Tally } from '../model/index.ts';
import type { Terminal } from '../base/index.ts';

interface Options {
  readonly output?: string;
  readonly source?: string;
  readonly salvage: boolean;
  readonly allowLoss: boolean;
  readonly year?: number;
  readonly force: boolean;
  readonly json: boolean;
}

export const define: VerbModule['define'] = (command, terminal) => {
  command
    .argument(
      '<input>',
      'log or capture, plain, .gz or .zst; a folder of raw pages; - for standard input; or a damaged recording',
    )
    .option('-o, --output <file>', 'the recording to write (default: the input with .arrow)')
    .option(
      '--source <name>',
      `what the input is: ${importSources.names.join(', ')} (default: told from it)`,
    )
    .option(
      '--salvage',
      'keep what is whole of a damaged or cut input, count the rest as lost',
      false,
    )
    .option(
      '--allow-loss',
      'import although over 1 % of the events, or a whole kind, was not understood; they are counted as lost',
      false,
    )
    .option('--year <year>', 'the year of time stamps that show none (syslog)', parseYear)
    .option('--force', 'overwrite the output', false)
    .option('--json', 'print what was done as one JSON document', false)
    .addHelpText('after', `\nSources:\n${sourceHelp()}`)
    .action(async (input: string, options: Options) => {
      await run(input, options, terminal());
    });
};

async function run(input: string, options: Options, terminal: Terminal): Promise<void> {
  const path = options.output ?? defaultOutput(input);
  const output = new Output(path, { force: options.force, inputs: [input] });
  refuseDevice(input);
  using interrupt = watchInterrupt();
  const repaired = options.salvage && isFile(input) && isRecording(input);
  const result = repaired
    ? {
        ...sealTrace(input, output, { salvage: true }),
        source: 'recording',
        interrupted: false,
        damage: undefined,
        warnings: [],
        lines: undefined,
      }
    : await importTrace(input, output, {
        source: options.source,
        salvage: options.salvage,
        allowLoss: options.allowLoss,
        year: options.year,
        commandLine: ['iotlb', ...process.argv.slice(2)].join(' '),
        interrupt,
        progress: () => terminal.progress('importing', storedSize(input)),
      });
  const { tally, losses } = result;
  if (options.json) {
    terminal.answer(
      jsonText({
        output: path,
        source: result.source,
        ...tally,
        losses,
        lines: result.lines,
        interrupted: result.interrupted,
        warnings: result.warnings,
        damage: result.damage?.message,
      }),
    );
  } else {
    terminal.answer(path);
  }
  terminal.story(
    `${formatCount(tally.kept)} events kept of ${formatCount(tally.seen)} seen, ${formatCount(tally.lost)} lost; ${formatCount(tally.skipped)} other events skipped; ${formatDuration(result.spanNs)} of the guest's time`,
  );
  warnOfLoss(tally, losses, terminal);
  for (const warning of result.warnings) terminal.warn(warning);
  if (result.damage !== undefined)
    terminal.warn(
      `${result.damage.message}; what was read is kept, and may be altered close to the damage`,
    );
  if (result.interrupted) {
    terminal.warn(`interrupted: ${path} holds what was read until then`);
    process.exitCode = EXIT.interrupted;
  }
}

/** A pipe may be read; a device such as /dev/zero has no end. */
function refuseDevice(input: string): void {
  const found = input === '-' ? undefined : statSync(input, { throwIfNoEntry: false });
  if (found === undefined || found.isFile() || found.isDirectory() || found.isFIFO()) return;
  throw new ToolError(
    'E_FORMAT',
    `${input}: is a ${kindOfFile(found)}; a log is read from a file, a FIFO or standard input. Nothing was written.`,
  );
}

function parseYear(text: string): number {
  const year = Number(text);
  if (/^\d{4}$/.test(text) && year >= 1970) return year;
  throw new ToolError('E_USAGE', `--year ${text}: a year of four digits is expected, such as 2026`);
}

function warnOfLoss(tally: Tally, losses: readonly LossDetail[], terminal: Terminal): void {
  if (tally.lost === 0) return;
  const places = losses.slice(0, 5).map((loss) => `${loss.unit} ${loss.at} (${loss.reason})`);
  const more = losses.length > 5 || tally.lost > losses.length ? ', …' : '';
  terminal.warn(`${formatCount(tally.lost)} events lost: ${places.join(', ')}${more}`);
}

function storedSize(path: string): number | undefined {
  const stat = path === '-' ? undefined : statSync(path, { throwIfNoEntry: false });
  return stat?.isFile() === true ? stat.size : undefined;
}

function isFile(path: string): boolean {
  return path !== '-' && statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

function defaultOutput(input: string): string {
  if (input === '-') return 'recording.arrow';
  return `${input
    .replace(/\.(?:gz|zst)$/, '')
    .replace(/\/+$/, '')
    .replace(/\.(?:log|txt|dat|data|arrows?)$/, '')}.arrow`;
}

function sourceHelp(): string {
  return importSources.entries
    .map((entry) => `  ${entry.name.padEnd(12)}${entry.summary}`)
    .join('\n');
}
