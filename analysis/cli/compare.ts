// `iotlb compare`: replays a recording under several strategies and says which costs least, and whether
// the difference holds.

import { basename } from 'node:path';

import {
  EXIT,
  OutputFolder,
  ToolError,
  jsonText,
  parseCount,
  parseDurationNs,
  repeatable,
  watchInterrupt,
  type Terminal,
  type VerbModule,
} from '../../collector/base/index.ts';
import { requireUsable } from '../../replayer/issuers/require-usable.ts';
import { issuers } from '../../replayer/issuers/index.ts';
import { addClassFlag, classFor, type ClassFlag } from '../../replayer/cli/class-flag.ts';
import { parseCpuList } from '../../replayer/cli/cpu-list.ts';
import { addDialectFlag, dialectOf, type DialectFlags } from '../../replayer/cli/dialect-flag.ts';
import type { ReplayLoopFlags } from '../../replayer/cli/replay-plan.ts';
import { addPacingFlags, paceOf, type PacingFlags } from '../../replayer/cli/pacing-flags.ts';
import { readModel } from '../../replayer/model/file.ts';
import { openChain } from '../../replayer/strategies/user-strategy.ts';
import { compareStrategies } from '../compare/compare.ts';
import { DEFAULT_MAX_TIME, DEFAULT_REPEATS, DEFAULT_STRATEGIES } from '../compare/defaults.ts';
import { checkLimits, parseLimit } from '../compare/limits.ts';
import type { RoundRules } from '../compare/rounds.ts';
import { predictionTable } from '../compare/prediction.ts';
import { sweepChains, tradeOff } from '../compare/sweep.ts';
import { compareDocument } from '../report/compare-document.ts';
import { comparisonTable } from '../report/text-table.ts';
import { IN_MEMORY, addStoreFlags, storePlace, type StoreFlags } from '../store/index.ts';

interface Options extends PacingFlags, ClassFlag, ReplayLoopFlags, StoreFlags, DialectFlags {
  readonly allowNarrowed: boolean;
  readonly strategy: readonly string[];
  readonly repeat?: string;
  readonly precision?: string;
  readonly maxTime?: string;
  readonly prepare?: string;
  readonly issuer: string;
  readonly device?: string;
  readonly cpus?: string;
  readonly seed?: string;
  readonly predict?: string;
  readonly failOn: readonly string[];
  readonly failOnAny: readonly string[];
  readonly sweep: readonly string[];
  readonly output?: string;
  readonly force: boolean;
  readonly json: boolean;
}

const NONE: readonly string[] = [];

export const define: VerbModule['define'] = (command, terminal) => {
  command
    .argument('<recording>', 'a recording')
    .option(
      '-s, --strategy <chain>',
      'give it once per strategy; the first is the baseline',
      repeatable(DEFAULT_STRATEGIES),
      DEFAULT_STRATEGIES,
    )
    .option(
      '-n, --repeat <times>',
      `rounds; in each, every strategy runs once, in random order (default: ${DEFAULT_REPEATS})`,
    )
    .option(
      '--precision <percent>',
      'go on until a difference of this size would be found for every strategy, such as 2%',
    )
    .option(
      '--max-time <duration>',
      `begin no round that would end later, such as 10min (with --precision: ${DEFAULT_MAX_TIME})`,
    )
    .option('--prepare <command>', 'run this shell command before each replay')
    .option('-i, --issuer <name>', `who makes the calls: ${issuers.names.join(', ')}`, 'null')
    .option('--device <address>', 'PCI address of the one device to use, bound to vfio-pci');
  addDialectFlag(command);
  addPacingFlags(command);
  command.option(
    '--cpus <list>',
    'issue on these CPUs, one pinned thread each, such as 1,2 or 2-5',
  );
  addClassFlag(command);
  command
    .option(
      '--sweep <values>',
      'compare one strategy per value too: window.us=5,10,20',
      repeatable(NONE),
      NONE,
    )
    .option(
      '--predict <model>',
      "show what a file of 'iotlb model' expected beside what was measured",
    )
    .option(
      '--fail-on <limit>',
      "exit with 5 where a strategy is found to break it: 'stall_total>+5%', 'stall_p99>100us'",
      repeatable(NONE),
      NONE,
    )
    .option(
      '--fail-on-any <limit>',
      'the same for the measured value itself, found or not',
      repeatable(NONE),
      NONE,
    )
    .option('--seed <number>', 'seed of the random order (default: from the clock; it is printed)')
    .option(
      '-o, --output <folder>',
      'where every sample and report.json go (default: iotlb-RECORDING-TIME)',
    )
    .option(
      '--allow-narrowed',
      'replay although the dialect leaves out pages that the guest asked for',
      false,
    )
    .option('--force', 'replace files of the same names in the output folder', false);
  addStoreFlags(command, 'load into')
    .option('--json', 'print one JSON document with a row per strategy', false)
    .action(async (path: string, options: Options) => {
      await run(path, options, terminal());
    });
};

async function run(path: string, options: Options, terminal: Terminal): Promise<void> {
  const folder = new OutputFolder(options.output ?? defaultFolder(path), {
    force: options.force,
    inputs: [path, ...(options.predict === undefined ? [] : [options.predict])],
  });
  const issuer = issuers.get(options.issuer);
  const dialect = dialectOf(path, options);
  requireUsable(issuer, dialect, { device: options.device });
  const model = options.predict === undefined ? undefined : readModel(options.predict, dialect);
  const limits = [
    ...options.failOn.map((text) => parseLimit(text)),
    ...options.failOnAny.map((text) => parseLimit(text, '--fail-on-any')),
  ];
  const texts = chainTexts(options);
  const rules = rulesOf(options);
  const seed = options.seed === undefined ? Date.now() >>> 0 : parseCount(options.seed, '--seed');
  terminal.story(
    `${texts.length} strategies, order from seed ${seed}; samples go to ${folder.path}`,
  );
  const pace = paceOf(options);
  const chains = await Promise.all(texts.map((text) => openChain(text)));
  using interrupt = watchInterrupt();
  const { report, reportPath, interrupted } = await compareStrategies(
    {
      recording: path,
      chains,
      dialect,
      issuer,
      device: options.device,
      pace,
      loopFlags: options,
      allowNarrowed: options.allowNarrowed,
      ...(options.cpus === undefined ? {} : { cpus: parseCpuList(options.cpus, '--cpus') }),
      class: classFor(options.class, pace),
      rules,
      prepare: options.prepare,
      seed,
      folder,
      interrupt,
      terminal,
      model,
    },
    storePlace(options) ?? IN_MEMORY,
  );
  terminal.answer(
    options.json ? jsonText(compareDocument(report, seed), 2) : comparisonTable(report, terminal),
  );
  if (report.prediction !== undefined && !options.json) {
    terminal.answer(`\n${predictionTable(report.prediction, report.strategies)}`);
  }
  if (options.sweep.length > 0 && !options.json) terminal.answer(`\n${tradeOff(report)}`);
  const { broken, kept } = checkLimits(report, limits);
  for (const line of kept) terminal.story(line);
  for (const line of broken) terminal.warn(line);
  if (broken.length > 0) process.exitCode = EXIT.limit;
  terminal.story(`every sample is in ${folder.path}; a page of it: iotlb report ${reportPath}`);
  if (interrupted) {
    terminal.warn('interrupted: only the rounds before it are compared');
    process.exitCode = EXIT.interrupted;
  }
}

function rulesOf({ repeat, precision, maxTime }: Options): RoundRules {
  const isOpenEnded = precision !== undefined && repeat === undefined;
  const repeats = isOpenEnded
    ? Number.MAX_SAFE_INTEGER
    : parseCount(repeat ?? DEFAULT_REPEATS, '--repeat');
  if (repeats < 1) throw new ToolError('E_USAGE', '--repeat: at least one round is needed');
  const time = maxTime ?? (isOpenEnded ? DEFAULT_MAX_TIME : undefined);
  return {
    repeats,
    ...(time === undefined ? {} : { maxTimeNs: parseDurationNs(time, '--max-time') }),
    ...(precision === undefined ? {} : { precision: parsePercent(precision, '--precision') }),
  };
}

/** `2%` or `0.5%` as a share. */
function parsePercent(text: string, what: string): number {
  const [, number] = /^(\d+(?:\.\d+)?)\s*%$/.exec(text.trim()) ?? [];
  if (number === undefined || Number(number) <= 0) {
    throw new ToolError(
      'E_USAGE',
      `${what}: '${text}' is not a percentage above 0; nothing was issued`,
      {
        hint: 'write it like 2%',
      },
    );
  }
  return Number(number) / 100;
}

/** With a sweep and no strategies named, the sweep is compared with `none`. */
function chainTexts(options: Options): readonly string[] {
  const swept = options.sweep.flatMap((text) => sweepChains(text));
  const named =
    swept.length > 0 && options.strategy === DEFAULT_STRATEGIES ? ['none'] : options.strategy;
  return [...new Set([...named, ...swept])];
}

function defaultFolder(path: string): string {
  const time = new Date().toISOString().slice(0, 19).replace(/[-:]/g, '');
  return `iotlb-${basename(path).replace(/\.arrows?$/, '')}-${time}`;
}
