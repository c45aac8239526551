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
import { dialectFor } from '../dialects/for-recording.ts';
import type { Dialect } from '../dialects/index.ts';
import { modelSource, type CostModel } from '../model/cost-model.ts';
import { readModel } from '../model/file.ts';
import { predictorOf, type Prediction } from '../model/predict.ts';
import {
  HoldGainCounter,
  explain,
  planEach,
  type HoldGain,
  type PlanFacts,
  type StepSink,
} from '../planner/index.ts';
import type { StrategyChain } from '../strategies/chain.ts';
import { openChain } from '../strategies/user-strategy.ts';
import { addDialectFlag } from './dialect-flag.ts';
import { explanationText } from './explain-text.ts';
import { strategyHelp, strategyList } from './strategy-list.ts';

interface Options {
  readonly strategy: readonly string[];
  readonly dialect?: string;
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
  addDialectFlag(command)
    .option('--explain <seq>', 'show what becomes of one request, on a time line')
    .option('--predict <model>', "estimate what a replay would measure (a file of 'iotlb model')")
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

async function run(path: string | undefined, options: Options, terminal: Terminal): Promise<void> {
  if (options.list) {
    terminal.answer(options.json ? jsonText(strategyList(), 2) : strategyHelp());
    return;
  }
  if (path === undefined) {
    terminal.warn('plan wants a recording (or --list)');
    process.exitCode = EXIT.usage;
    return;
  }
  const dialect = dialectFor(path, options.dialect);
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
  const model = options.predict === undefined ? undefined : readModel(options.predict, dialect);
  planAll(path, chains, { dialect, model, json: options.json, terminal });
}

interface How {
  readonly dialect: Dialect;
  readonly model: CostModel | undefined;
  readonly json: boolean;
  readonly terminal: Terminal;
}

/** A plan's facts, and what a replay of it would measure where a model is given. */
interface Planned {
  readonly facts: PlanFacts;
  readonly prediction: Prediction | undefined;
}

function planAll(path: string, chains: readonly StrategyChain[], how: How): void {
  const { json, terminal, model } = how;
  const { plans, gain, synthetic } = planPass(path, chains, how);
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
    terminal.answer([...notes, ...gainText(gain, all[0]), '', table(all), ...predicted].join('\n'));
  }
  for (const plan of all) {
    for (const broken of plan.verdict.broken) {
      terminal.warn(`${plan.strategy}: broken: seq ${broken.seq}: ${broken.reason}`);
    }
  }
}

/** One pass over the recording: every chain's plan, and what there is to gain at all. */
function planPass(
  path: string,
  chains: readonly StrategyChain[],
  { dialect, model, terminal }: How,
): {
  readonly plans: readonly Planned[];
  readonly gain: HoldGain;
  readonly synthetic: string | undefined;
} {
  using reader = openTrace(path, { words: dialect.readsWords });
  const gain = new HoldGainCounter();
  const wanted = chains.map((chain) => {
    const predictor = model === undefined ? undefined : predictorOf(chain, model);
    const sink: StepSink = (stream, steps) => predictor?.steps(stream, steps);
    return { chain, predictor, sink };
  });
  const all = planEach(reader.batches(), wanted, dialect, gain.steps);
  if (reader.end?.state === 'cut') {
    terminal.warn(
      `${path}: ends inside a batch; planned the ${formatCount(reader.end.events)} events before it`,
    );
  }
  return {
    plans: all.map((facts, i) => ({ facts, prediction: wanted[i].predictor?.end() })),
    gain: gain.end(),
    synthetic: reader.header.synthetic,
  };
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

/** What there is to gain at all, before any strategy: said first, because mostly it is little. */
function gainText(gain: HoldGain, plan: PlanFacts): readonly string[] {
  const requests = plan.replayable;
  if (requests === 0) {
    return [
      `nothing to replay with ${plan.dialect}; without --dialect the one is taken that the recording's IOMMU speaks`,
    ];
  }
  const per = requests / plan.barrier_intervals;
  const single = (100 * plan.single_request_intervals) / plan.barrier_intervals;
  const left = (ioctls: number): string =>
    `${formatCount(ioctls)} ioctls (${((100 * ioctls) / requests).toFixed(0)} %)`;
  const strict =
    single >= 90
      ? [
          'This guest waits after each request: merging inside a barrier interval gains next to nothing.',
          'What is still to be had is had by holding waits back, and costs the guest stall:',
        ]
      : ['Merging inside barrier intervals helps here; holding waits back could leave:'];
  return [
    `${per.toFixed(2)} requests a barrier interval; ${single.toFixed(1)} % of the intervals hold one`,
    ...strict,
    ...gain.window.map(
      (one) => `  window of ${formatDuration(one.ns).padEnd(8)} ${left(one.ioctls)}`,
    ),
    ...gain.drain.map(
      (one) =>
        `  drain, ${formatDuration(one.service_ns).padEnd(8)} ${left(one.ioctls)}, if an ioctl takes that long`,
    ),
  ];
}

function table(plans: readonly PlanFacts[]): string {
  const head = [
    'strategy',
    'ioctls',
    'entries',
    'requests',
    'pages asked',
    'pages issued',
    'by the driver',
    'hw waits',
    'verdict',
  ];
  const rows = plans.map((plan) => [
    plan.strategy,
    `${plan.online ? '≤ ' : ''}${formatCount(plan.steps)}`,
    formatCount(plan.entries),
    formatCount(plan.replayable),
    formatCount(plan.requested_pages),
    formatCount(plan.issued_pages),
    plan.hardware_pages === null ? '–' : formatCount(plan.hardware_pages),
    formatCount(plan.hardware_waits),
    verdictText(plan),
  ]);
  const first = plans[0];
  const left = Object.entries(first.not_replayable).map(
    ([reason, count]) => `  ${formatCount(count)} × ${reason}`,
  );
  return [
    textTable([head, ...rows], [false, true, true, true, true, true, true, true, false]),
    '',
    `${formatCount(first.requests)} requests in ${formatCount(first.barrier_intervals)} barrier intervals, ${formatCount(first.replayable)} replayable with ${first.dialect}${left.length === 0 ? '' : '; not replayable:'}`,
    ...left,
  ].join('\n');
}

export function verdictText(plan: PlanFacts): string {
  const { verdict } = plan;
  switch (verdict.class) {
    case 'strict':
      return 'strict';
    case 'deferred':
      return `deferred: ${formatCount(verdict.requests_exposed)} requests exposed, ${formatDuration(verdict.exposure_page_ns)}·page`;
    case 'narrowed':
      return 'narrowed: the dialect leaves pages out';
    case 'corrupting':
      return `corrupting: ${formatCount(verdict.requests_exposed)} requests could translate to old pages`;
    case 'broken':
      return `broken: ${formatCount(verdict.broken_requests)} requests`;
  }
}
