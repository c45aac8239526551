// The terminal's text of `iotlb plan`: who waits, what each strategy issues, and what the guest pays for it.

import { formatCount, formatDuration, textTable } from '../../collector/base/index.ts';
import type { PlanFacts } from '../planner/index.ts';
import type { LoopFacts } from '../simulation/facts.ts';
import type { PassCosts } from './plan-pass.ts';
import { verdictText } from './verdict-text.ts';

type Facts = PlanFacts & Partial<LoopFacts>;

export function planText(plans: readonly Facts[], costs: PassCosts): readonly string[] {
  const first = plans[0];
  if (first.replayable === 0) {
    return [
      `nothing to replay with ${first.dialect}; without --dialect, the dialect of the recording's IOMMU is used`,
    ];
  }
  if (costs.unknown !== undefined) {
    return [
      `The guest's waits are unknown: ${costs.unknown}.`,
      'What depends on them is left out: stall, guest time, verdict, and strategies that group by waits.',
      '',
      ...issuedText(plans),
    ];
  }
  const head =
    costs.options === undefined
      ? ['Planned on recorded times (--open-loop): as if a guest that waits went on asking.']
      : waitersText(costs);
  return [
    ...intervalsText(first),
    ...head,
    '',
    costs.options === undefined ? recordedTable(plans) : loopTable(plans),
    '',
    ...issuedText(plans),
    ...remarks(plans, costs),
  ];
}

function intervalsText(plan: PlanFacts): readonly string[] {
  const per = plan.replayable / plan.barrier_intervals;
  const single = (100 * plan.single_request_intervals) / plan.barrier_intervals;
  return [
    `${per.toFixed(2)} requests per barrier interval; ${single.toFixed(1)} % of the intervals hold one`,
  ];
}

function waitersText({
  waiters,
  severalWaits,
  options,
  service,
  assumed,
}: PassCosts): readonly string[] {
  const who = waiters === 1 ? '1 waiter' : `${formatCount(waiters)} waiters`;
  const several =
    severalWaits === 0
      ? ''
      : `; ${formatCount(severalWaits)} waits share a doorbell with another CPU's`;
  const serial = options === undefined ? '' : `, serial ${options.serial}`;
  return [
    `Closed loop: ${who}${several}${serial}, service ${service}, exit ${formatDuration(options?.exitNs ?? 0)}, poll ${formatDuration(options?.pollNs ?? 0)}`,
    ...(assumed === undefined ? [] : [assumed]),
  ];
}

function loopTable(plans: readonly Facts[]): string {
  const base = plans[0].guest_time_ns ?? 0;
  const head = [
    'strategy',
    'calls',
    'doorbells',
    'waits',
    'stall',
    'guest time',
    'verdict',
    'possible',
  ];
  const rows = plans.map((plan) => [
    plan.strategy,
    formatCount(plan.calls ?? 0),
    formatCount(plan.doorbells ?? 0),
    formatCount(plan.waits ?? 0),
    formatDuration(plan.stall_total_ns ?? 0),
    base > 0 ? `at most × ${((plan.guest_time_ns ?? 0) / base).toFixed(3)}` : '–',
    verdictText(plan),
    possibleText(plan),
  ]);
  return textTable([head, ...rows], [false, true, true, true, true, true, false, false]);
}

function recordedTable(plans: readonly Facts[]): string {
  const head = ['strategy', 'steps', 'verdict', 'possible'];
  const rows = plans.map((plan) => [
    plan.strategy,
    `${plan.online ? '≤ ' : ''}${formatCount(plan.steps)}`,
    verdictText(plan),
    possibleText(plan),
  ]);
  return textTable([head, ...rows], [false, true, false, false]);
}

function possibleText({ possible }: Facts): string {
  if (possible === undefined) return '–';
  if (possible.is) return 'yes';
  return `no guest could have done this: ${formatCount(possible.count)} requests were carried before their waiter could ask`;
}

function issuedText(plans: readonly Facts[]): readonly string[] {
  const head = [
    'strategy',
    'entries',
    'requests',
    'pages asked',
    'pages issued',
    'by the driver',
    'hw waits',
  ];
  const rows = plans.map((plan) => [
    plan.strategy,
    formatCount(plan.entries),
    formatCount(plan.replayable),
    formatCount(plan.requested_pages),
    formatCount(plan.issued_pages),
    plan.hardware_pages === null ? '–' : formatCount(plan.hardware_pages),
    formatCount(plan.hardware_waits),
  ]);
  const first = plans[0];
  const left = Object.entries(first.not_replayable).map(
    ([reason, count]) => `  ${formatCount(count)} × ${reason}`,
  );
  return [
    textTable([head, ...rows], [false, true, true, true, true, true, true]),
    '',
    `${formatCount(first.requests)} requests in ${formatCount(first.barrier_intervals)} barrier intervals, ${formatCount(first.replayable)} replayable with ${first.dialect}${first.translated_from === undefined ? '' : `, translated from ${first.translated_from}`}${left.length === 0 ? '' : '; not replayable:'}`,
    ...left,
  ];
}

function remarks(plans: readonly Facts[], costs: PassCosts): readonly string[] {
  const out: string[] = [];
  if (costs.negativeThinks > 0)
    out.push(
      `${formatCount(costs.negativeThinks)} intervals began before the one before them was over: their think time counts as 0`,
    );
  if (costs.foreignRows > 0)
    out.push(
      `${formatCount(costs.foreignRows)} rows came under a doorbell of another waiter: each counts as its own waiter's`,
    );
  if (costs.options === undefined) return out;
  out.push(
    'Stall is what guest CPUs burn while they wait. Guest time is an upper bound: think time includes idle, which absorbs stall.',
  );
  if (!costs.options.areCostsGiven)
    out.push(
      'Without --exit and --poll no strategy that holds barriers is called better: holding costs exits and polls that are not counted here.',
    );
  const none = plans.find((plan) => plan.strategy === 'none');
  const better = plans.filter(
    (plan) => none !== undefined && (plan.calls ?? 0) < (none.calls ?? 0),
  );
  if (none !== undefined && plans.length > 1 && better.length === 0)
    out.push('No strategy here makes fewer calls than none.');
  return out;
}
