// The command table as plain data: verbs, their arguments and options. Completion and man pages are made from
// it, and from nothing else, so that they say what the program takes.

import { Option, type Command } from 'commander';

export interface OptionEntry {
  /** `-o, --output <file>` */
  readonly flags: string;
  /** Each way to write it: `-o`, `--output`. */
  readonly names: readonly string[];
  readonly takesValue: boolean;
  /** Values that it takes, where they are known. */
  readonly choices: readonly string[];
  readonly description: string;
  /** As help prints it; undefined where there is none to tell. */
  readonly fallback: string | undefined;
}

export interface VerbEntry {
  readonly name: string;
  readonly summary: string;
  /** `iotlb record [options]` */
  readonly usage: string;
  readonly arguments: readonly {
    readonly name: string;
    readonly description: string;
    readonly choices: readonly string[];
  }[];
  readonly options: readonly OptionEntry[];
  /** What help says after the options. */
  readonly notes: string;
}

/** Of a program that was built with every verb loaded. */
export function commandTable(program: Command): readonly VerbEntry[] {
  return program.commands.map((command) => ({
    name: command.name(),
    summary: command.summary(),
    usage: `${program.name()} ${command.name()} ${command.usage()}`,
    arguments: command.registeredArguments.map((argument) => ({
      name: argument.name(),
      description: argument.description,
      choices: argument.argChoices ?? [],
    })),
    options: [...command.options, new Option('-h, --help', 'display help for command')]
      .filter((option) => !option.hidden)
      .map(entryOf),
    notes: notesOf(command),
  }));
}

function entryOf(option: Option): OptionEntry {
  return {
    flags: option.flags,
    names: [option.short, option.long].filter((name) => name !== undefined),
    takesValue: option.required || option.optional,
    choices: option.argChoices ?? [],
    description: option.description,
    fallback: fallbackOf(option),
  };
}

function fallbackOf(option: Option): string | undefined {
  const value: unknown = option.defaultValue;
  if (typeof value === 'string' && value !== '') return value;
  return Array.isArray(value) && value.length > 0 ? value.join(' ') : undefined;
}

/** Help as it is printed, without what commander makes from the options. */
function notesOf(command: Command): string {
  const before = command.configureOutput();
  let printed = '';
  command.configureOutput({ ...before, writeOut: (text) => (printed += text) });
  command.outputHelp();
  command.configureOutput(before);
  return printed.slice(command.helpInformation().length).trim();
}
