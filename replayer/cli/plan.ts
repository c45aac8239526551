// `iotlb plan`: what a strategy would issue for a recording, and whether it is safe. Issues nothing.

import {
  EXIT,
  formatCount,
  formatDuration,
  jsonText,
  repeatable,
  textTable,
  type Terminal,
  type VerbModule,
} from '../../collector/base/index.ts';
import { openTrace } from '../../collector/format/index.ts';
import { dialects } from '../dialects/index.ts';
import { planFacts, type PlanFacts } from '../plan/index.ts';
import { parseChain } from '../strategies/chain.ts';
import { strategies } from '../strategies/index.ts';

interface Options {
  readonly strategy: readonly string[];
  readonly dialect: string;
  readonly json: boolean;
  readonly list: boolean;
}

const DEFAULT_STRATEGIES: readonly string[] = ['none'];

export const define: VerbModule['define'] = (command, terminal) => {
  command
    .argument('[recording]', 'a recording')
    .option(
      '-s, --strategy <chain>',
      'NAME[:key=value,…][+NAME…]; give it again for more than one',
      repeatable(DEFAULT_STRATEGIES),
      DEFAULT_STRATEGIES,
    )
    .option('-d, --dialect <name>', `kernel interface: ${dialects.names.join(', ')}`, 'hwpt-vtd-s1')
    .option('--list', 'describe the strategies', false)
    .option('--json', 'print one JSON document; an array where several strategies are given', false)
    .addHelpText(
      'after',
      `\nStrategies:\n${strategyHelp()}\n\nThey compose with +, left to right: adjacent+window:us=50`,
    )
    .action((path: string | undefined, options: Options) => {
      run(path, options, terminal());
    });
};

function run(path: string | undefined, options: Options, terminal: Terminal): void {
  if (options.list) {
    terminal.answer(options.json ? jsonText(strategyList(), 2) : strategyHelp());
    return;
  }
  if (path === undefined) {
    terminal.warn('plan wants a recording (or --list)');
    process.exitCode = EXIT.usage;
    return;
  }
  const dialect = dialects.get(options.dialect);
  const chains = options.strategy.map((text) => parseChain(text));
  const plans = chains.map((chain) => {
    using reader = openTrace(path);
    const facts = planFacts(reader.batches(), chain, dialect);
    if (reader.end?.state === 'cut') {
      terminal.warn(
        `${path}: ends inside a batch; planned the ${formatCount(reader.end.events)} events before it`,
      );
    }
    return facts;
  });
  if (plans.some((plan) => plan.verdict.class === 'broken')) process.exitCode = EXIT.input;
  if (options.json) terminal.answer(jsonText(plans.length === 1 ? plans[0] : plans, 2));
  else terminal.answer(table(plans));
  for (const plan of plans) {
    for (const broken of plan.verdict.broken) {
      terminal.warn(
        `${plan.strategy}: broken: ${broken.seq < 0 ? '' : `seq ${broken.seq}: `}${broken.reason}`,
      );
    }
  }
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
    case 'broken':
      return `broken: ${formatCount(verdict.broken_requests)} requests`;
  }
}

function strategyList(): readonly object[] {
  return strategies.entries.map((strategy) => ({
    name: strategy.name,
    summary: strategy.summary,
    parameters: strategy.parameters,
    reorders: strategy.reorders,
    widens: strategy.widens,
    defers: strategy.defers,
    online: strategy.online !== undefined,
  }));
}

function strategyHelp(): string {
  return strategies.entries
    .flatMap((strategy) => [
      `  ${strategy.name.padEnd(14)}${strategy.summary}`,
      ...strategy.parameters.map(
        (parameter) =>
          `  ${' '.repeat(14)}  ${parameter.name}=${parameter.default}  ${parameter.help}`,
      ),
    ])
    .join('\n');
}
