// The flags that select rows, the same for every verb that has them.

import { Option, type Command } from 'commander';

import { ToolError, parseCount, parseDurationNs } from '../base/index.ts';
import { KINDS } from '../model/index.ts';
import type { Selection } from './row-filter.ts';

export interface SelectFlags {
  readonly begin?: string;
  readonly end?: string;
  readonly vm?: string;
  readonly stream?: string;
  readonly waiter?: string;
  readonly domain?: string;
  readonly kind?: string;
}

export function addSelectFlags(command: Command): Command {
  command
    .option('--begin <duration>', 'only rows from so far into the recording on, such as 2s')
    .option('--end <duration>', 'only rows before so far into the recording');
  return addOwnerFlags(command);
}

/** Without time, for verbs that say in their own way from when to when. */
export function addOwnerFlags(command: Command): Command {
  const kinds = new Option('--kind <names>', 'only rows of these kinds');
  kinds.argChoices = [...KINDS]; // shown and completed; several may be given, so that we check them ourselves
  return command
    .option('--vm <numbers>', 'only rows of these VMs, such as 0,2')
    .option('--stream <numbers>', 'only rows of these streams')
    .option(
      '--waiter <numbers>',
      "only rows of these waiters, by their index in 'iotlb info --json'",
    )
    .option('--domain <ids>', 'only requests that name one of these domains')
    .addOption(kinds);
}

/** The flags of `addOwnerFlags` alone. */
export function ownerFlags({ vm, stream, waiter, domain, kind }: SelectFlags): SelectFlags {
  const given = Object.entries({ vm, stream, waiter, domain, kind });
  return Object.fromEntries(given.filter(([, value]) => value !== undefined));
}

/** Throws ToolError. */
export function selectionOf(flags: SelectFlags, keepsBarriers: boolean): Selection {
  const selection = {
    beginNs: flags.begin === undefined ? -Infinity : parseDurationNs(flags.begin, '--begin'),
    endNs: flags.end === undefined ? Infinity : parseDurationNs(flags.end, '--end'),
    vms: numbers(flags.vm, '--vm'),
    streams: numbers(flags.stream, '--stream'),
    waiters: numbers(flags.waiter, '--waiter'),
    domains: numbers(flags.domain, '--domain'),
    kinds: kindsOf(flags.kind),
    keepsBarriers,
  };
  if (selection.endNs > selection.beginNs) return selection;
  throw new ToolError('E_USAGE', '--end must be later than --begin');
}

/** The flags that were given, as a user writes them; empty where none was. */
export function selectionText(flags: SelectFlags): string {
  const { begin, end, vm, stream, waiter, domain, kind } = flags;
  return Object.entries({ begin, end, vm, stream, waiter, domain, kind })
    .flatMap(([name, value]) => (value === undefined ? [] : [`--${name} ${value}`]))
    .join(' ');
}

function numbers(text: string | undefined, flag: string): ReadonlySet<number> | undefined {
  if (text === undefined) return undefined;
  return new Set(text.split(',').map((one) => parseCount(one, flag)));
}

function kindsOf(text: string | undefined): ReadonlySet<number> | undefined {
  if (text === undefined) return undefined;
  const names: readonly string[] = KINDS;
  return new Set(
    text.split(',').map((name) => {
      const kind = names.indexOf(name);
      if (kind >= 0) return kind;
      throw new ToolError('E_USAGE', `--kind: there is no kind '${name}'`, {
        hint: `the kinds are: ${KINDS.join(', ')}`,
      });
    }),
  );
}
