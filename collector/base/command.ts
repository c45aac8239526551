// The command line: a table of verbs whose modules load only when used, one place that turns errors
// into messages and exit codes. Owns global flags; verbs own theirs.

import { Command, CommanderError, Option } from 'commander';

import { EXIT, ToolError } from './errors.ts';
import { ReaderGone, stdoutFailure, watchStdout, writeStdout } from './stdout.ts';
import { Terminal } from './terminal.ts';
import { TOOL } from './tool.ts';

/**
 * For an option that may be given several times, `-s A -s B`: collects its values. Each takes one, so that
 * the argument after it stays an argument. The default holds until the first is given.
 */
export function repeatable(
  fallback: readonly string[],
): (value: string, before: readonly string[]) => readonly string[] {
  return (value, before) => (before === fallback ? [value] : [...before, value]);
}

/** A verb's module: adds arguments, options and the action to its command. */
export interface VerbModule {
  readonly define: (command: Command, terminal: () => Terminal) => void;
}

export interface Verb {
  readonly name: string;
  readonly summary: string;
  /** It looks at the options of every verb: all are loaded for it. */
  readonly readsTable?: boolean;
  readonly load: () => Promise<VerbModule>;
}

/** Runs the command line. Resolves to the exit code; never throws for an expected failure. */
export async function runCommandLine(
  verbs: readonly Verb[],
  argv: readonly string[],
): Promise<number> {
  watchStdout();
  let code: number = EXIT.ok;
  try {
    if (argv.length === 0) code = EXIT.usage;
    await runVerb(verbs, argv);
  } catch (error) {
    code = report(error, argv.includes('--no-color'));
  }
  const failure = await stdoutFailure();
  if (failure instanceof ToolError && code === EXIT.ok) {
    code = report(failure, argv.includes('--no-color'));
  }
  return code === EXIT.ok ? Number(process.exitCode ?? EXIT.ok) : code;
}

async function runVerb(verbs: readonly Verb[], argv: readonly string[]): Promise<void> {
  refuseUnknownVerb(verbs, argv);
  const program = await buildProgram(verbs, argv);
  if (argv.length === 0) writeStdout(program.helpInformation());
  else await program.parseAsync([...argv], { from: 'user' });
}

/** The first word that is no flag is the verb, whatever flags stand around it. */
function refuseUnknownVerb(verbs: readonly Verb[], argv: readonly string[]): void {
  const words = argv.filter((word) => !word.startsWith('-'));
  const wanted = words[0] === 'help' ? words[1] : words[0];
  const names = verbs.map((verb) => verb.name);
  if (wanted === undefined || names.includes(wanted)) return;
  throw new ToolError('E_USAGE', `there is no command '${wanted}'; nothing was done`, {
    hint: `the commands are: ${names.join(', ')}`,
  });
}

/** The whole program with every verb's options, for help pages, completion and tests. */
export async function buildProgram(
  verbs: readonly Verb[],
  argv: readonly string[] | 'all',
): Promise<Command> {
  const program = new Command(TOOL.name)
    .description(
      "Record a guest's IOTLB invalidations, replay them through the real ioctl, compare groupings.",
    )
    .version(TOOL.id, '-V, --version')
    .exitOverride()
    .configureOutput({ writeOut: writeStdout })
    .showHelpAfterError(`(${TOOL.name} --help lists the commands)`)
    .addHelpText('after', EXIT_CODES);
  const wanted = argv === 'all' ? undefined : argv.find((word) => !word.startsWith('-'));
  const all =
    argv === 'all' || verbs.some((verb) => verb.name === wanted && verb.readsTable === true);
  for (const verb of verbs) {
    const command = program
      .command(verb.name)
      .summary(verb.summary)
      .description(`${verb.summary}.`);
    const isHelpOf = wanted === 'help' && argv !== 'all' && argv.includes(verb.name);
    if (all || wanted === verb.name || isHelpOf) {
      addGlobalOptions(command);
      const terminal = (): Terminal => terminalOf(command);
      (await verb.load()).define(command, terminal);
    }
  }
  return program;
}

export const EXIT_CODES = `
Exit codes: 0 done, 1 a bug in iotlb, 2 usage, 3 this host cannot, 4 input unusable,
            5 a limit that you set was broken, 130 interrupted (what was done is kept)`;

function addGlobalOptions(command: Command): void {
  command
    .addOption(new Option('-q, --quiet', 'nothing on stderr but warnings and errors'))
    .addOption(new Option('--no-color', 'no colour (NO_COLOR is honoured too)'));
}

function terminalOf(command: Command): Terminal {
  const options = command.opts<{ quiet?: boolean; color?: boolean }>();
  return new Terminal({
    quiet: options.quiet ?? false,
    color: options.color === false ? false : undefined,
  });
}

function report(error: unknown, noColor: boolean): number {
  if (error instanceof ReaderGone) return EXIT.ok;
  if (error instanceof CommanderError) {
    return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  }
  if (error instanceof ToolError) {
    const { err } = new Terminal({ quiet: false, color: noColor ? false : undefined });
    process.stderr.write(`${err.red('error:')} ${error.message}\n`);
    if (error.hint !== undefined) process.stderr.write(`${err.cyan('hint:')} ${error.hint}\n`);
    return error.exitCode;
  }
  process.stderr.write(
    `iotlb: this is a bug, please report it with what follows\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  return EXIT.bug;
}
