// `iotlb plan`: what a strategy would issue for a recording, and whether it is safe. Issues nothing.

import {
  EXIT,
  formatCount,
  formatDuration,
  jsonText,
  parseCount,
  repeatable,
  textTable,
  type Terminal,
  type VerbModule,
} from '../../collector/base/index.ts';
import { openTrace } from '../../collector/format/index.ts';
import { selectedPart } from '../../collector/select/cut.ts';
import { addSelectFlags, type SelectFlags } from '../../collector/select/flags.ts';
import type { Dialect } from '../dialects/index.ts';
import { modelSource, type CostModel } from '../model/cost-model.ts';
import { readModel } from '../model/file.ts';
import { explain } from '../planner/index.ts';
import type { LoopFlags } from '../closed-loop/flags.ts';
import type { StrategyChain } from '../strategies/chain.ts';
import { openChain } from '../strategies/user-strategy.ts';
import { addDialectFlag, dialectOf, type DialectFlags } from './dialect-flag.ts';
import { explanationText } from './explain-text.ts';
import { addLoopFlags } from './loop-flags.ts';
import { planPass, type PassOptions, type Planned } from './plan-pass.ts';
import { planText } from './plan-text.ts';
import { showWhatIf } from './what-if.ts';
import { strategyHelp, strategyList } from './strategy-list.ts';

interface Options extends LoopFlags, DialectFlags, SelectFlags {
  readonly openLoop: boolean;
  readonly whatIfWaiters?: string;
  readonly whatIfIntervals: string;
  readonly speed: string;
  readonly seed: string;
  readonly service?: string;
  readonly strategy: readonly string[];
  readonly explain?: string;
  readonly predict?: string;
  readonly json: boolean;
  readonly list: boolean;
}

const DEFAULT_STRATEGIES: readonly string[] = ['none'];

export const define: VerbModule['define'] = (command, terminal) => {
  command
    .argument('[recording]', 'a recording')
    .option(
      '-s, --strategy <chain>',
      'NAME[:key=value,…][+NAME…]; a NAME may be the path of a module; give it again for more than one',
      repeatable(DEFAULT_STRATEGIES),
      DEFAULT_STRATEGIES,
    );
  addSelectFlags(command);
  addLoopFlags(addDialectFlag(command))
    .option('--explain <seq>', 'show what becomes of one request, on a time line')
    .option('--predict <model>', "estimate what a replay would measure (a file of 'iotlb model')")
    .option(
      '--what-if-waiters <numbers>',
      'CPUs that each ask as a recorded one does, such as 1,2,4,8,16,32,64; --exit and --poll may be lists too',
    )
    .option('--what-if-intervals <n>', 'times that each CPU asks in a what-if', '1500')
    .option('--speed <factor>', 'in a what-if, divide think times by it', '1')
    .option('--seed <n>', 'of a what-if', '1')
    .option('--list', 'describe the strategies and presets', false)
    .option('--json', 'print one JSON document; an array where several strategies are given', false)
    .addHelpText(
      'after',
      `\n${strategyHelp()}\n\nThey compose with +, left to right: adjacent+window:us=50`,
    )
    .action(async (path: string | undefined, options: Options) => {
      await run(path, options, terminal());
    });
};

async function run(
  original: string | undefined,
  options: Options,
  terminal: Terminal,
): Promise<void> {
  if (options.list) {
    terminal.answer(options.json ? jsonText(strategyList(), 2) : strategyHelp());
    return;
  }
  if (original === undefined) {
    terminal.warn('plan needs a recording (or --list)');
    process.exitCode = EXIT.usage;
    return;
  }
  const dialect = dialectOf(original, options);
  using part = selectedPart(original, options);
  const { path } = part;
  const chains: StrategyChain[] = [];
  for (const text of options.strategy) chains.push(await openChain(text));
  if (options.explain !== undefined) {
    explainRow(path, parseCount(options.explain, '--explain'), chains, {
      dialect,
      json: options.json,
      terminal,
    });
    return;
  }
  if (options.whatIfWaiters !== undefined) {
    const flags = { ...options, whatIfWaiters: options.whatIfWaiters };
    showWhatIf(path, chains, { dialect, flags, json: options.json, terminal });
    return;
  }
  const model = options.predict === undefined ? undefined : readModel(options.predict, dialect);
  planAll(path, chains, { dialect, model, flags: options, json: options.json, terminal });
}

interface How extends PassOptions {
  readonly json: boolean;
}

function planAll(path: string, chains: readonly StrategyChain[], how: How): void {
  const { json, terminal, model } = how;
  const { plans, costs, synthetic } = planPass(path, chains, how);
  const all = plans.map((plan) => plan.facts);
  if (all.some((plan) => plan.verdict.class === 'broken')) process.exitCode = EXIT.input;
  if (json) {
    const documents = plans.map(({ facts, prediction }) =>
      prediction === undefined ? facts : { ...facts, prediction },
    );
    terminal.answer(jsonText(documents.length === 1 ? documents[0] : documents, 2));
  } else {
    const notes = synthetic === undefined ? [] : [`not captured: ${synthetic}`, ''];
    const predicted = model === undefined ? [] : ['', ...predictionText(model, plans)];
    terminal.answer([...notes, ...planText(all, costs), ...predicted].join('\n'));
  }
  for (const plan of all) {
    for (const broken of plan.verdict.broken) {
      terminal.warn(`${plan.strategy}: broken: seq ${broken.seq}: ${broken.reason}`);
    }
  }
}

function predictionText(model: CostModel, plans: readonly Planned[]): readonly string[] {
  const rows = plans.map(({ facts, prediction }) =>
    prediction === undefined
      ? [facts.strategy]
      : [
          facts.strategy,
          formatCount(prediction.ioctls),
          formatDuration(prediction.service_total_ns),
          formatDuration(prediction.service_ns.p50),
          formatDuration(prediction.stall_ns.p50),
          formatDuration(prediction.stall_ns.p99),
          `${(100 * prediction.utilisation).toFixed(1)} %`,
        ],
  );
  const head = ['estimated', 'ioctls', 'service', 'p50', 'stall p50', 'p99', 'busy'];
  return [
    textTable([head, ...rows], [false, true, true, true, true, true, true]),
    `not measured: from ${modelSource(model)}`,
  ];
}

function explainRow(
  path: string,
  seq: number,
  chains: readonly StrategyChain[],
  how: { readonly dialect: Dialect; readonly json: boolean; readonly terminal: Terminal },
): void {
  const all = chains.map((chain) => {
    using reader = openTrace(path, { words: how.dialect.readsWords });
    return explain(reader.batches(), chain, how.dialect, seq);
  });
  how.terminal.answer(
    how.json ? jsonText(all.length === 1 ? all[0] : all, 2) : all.map(explanationText).join('\n\n'),
  );
}
