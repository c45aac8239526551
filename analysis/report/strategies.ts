// Runs' metrics -> one row per strategy: values, ratios to the baseline with their intervals, the frontier.

import { ToolError } from '../../collector/base/index.ts';
import type { ResultHeader } from '../../replayer/result/header.ts';
import { FAMILY_ERROR, familyError } from '../statistics/family-error.ts';
import { baselineValue, compareMetric, detectable } from '../statistics/compare-metric.ts';
import { valuesOf, type Arm, type Arms } from './arms.ts';
import { METRICS, SERVICE, STALL, primaryOf, shownOf, type Metric } from './metrics.ts';
import type { ReportJson, ReportStrategy, ReportValue } from './schema.ts';

const PLAN_NUMBERS = [
  'steps',
  'entries',
  'requests',
  'replayable',
  'requested_pages',
  'issued_pages',
  'widened',
  'barrier_intervals',
  'hardware_waits',
] as const;

export interface StrategyRows {
  readonly rows: readonly ReportStrategy[];
  readonly claims: ReportJson['claims'];
}

export interface RowInput {
  /** Strategies in the order of the table, the baseline first. */
  readonly order: readonly string[];
  readonly arms: Arms;
  /** One header per strategy. */
  readonly headers: ReadonlyMap<string, ResultHeader>;
  /** Why no time may be claimed; null where it may. */
  readonly noTimes: string | null;
}

/** Throws ToolError where no round has every arm. */
export function strategyRows(input: RowInput): StrategyRows {
  const { order, arms, headers, noTimes } = input;
  const baseline = arms.all.filter(({ strategy }) => strategy === order[0]);
  const others = order
    .slice(1)
    .flatMap((strategy) => arms.all.find((arm) => arm.strategy === strategy) ?? []);
  if (arms.rounds.length === 0 || baseline.length === 0) {
    throw new ToolError(
      'E_EMPTY',
      `no repeat has every strategy: ${arms.missing.join(', ')} missing. Nothing was reported.`,
    );
  }
  const error = familyError(arms.rounds.length, headers.get(order[0])?.looks_from);
  const alpha = error / Math.max(1, others.length);
  const made = [
    rowOf(input, baseline[0], (metric, isExact) => {
      const values = perArm(baseline, arms.rounds, metric);
      return values && baselineValue(values, isExact);
    }),
    ...others.map((arm) =>
      rowOf(input, arm, (metric, isExact) => {
        const strategy = valuesOf(arm, arms.rounds, metric.id);
        const base = perArm(baseline, arms.rounds, metric);
        if (strategy === undefined || base === undefined) return undefined;
        const value = compareMetric({ strategy, baseline: base }, { alpha, isExact });
        return metric.is_time && noTimes !== null ? { ...value, found: false } : value;
      }),
    ),
  ];
  const rows = made.map((row) => ({ ...row, frontier: isOnFrontier(row, made) }));
  return { rows, claims: claimsOf(input, rows, baseline) };
}

function perArm(
  arms: readonly Arm[],
  rounds: readonly number[],
  metric: Metric,
): readonly (readonly number[])[] | undefined {
  const values = arms.map((arm) => valuesOf(arm, rounds, metric.id));
  return values.every((one) => one !== undefined) ? values : undefined;
}

function rowOf(
  { headers, arms }: RowInput,
  arm: Arm,
  valueOf: (metric: Metric, isExact: boolean) => ReportValue | undefined,
): ReportStrategy {
  const header = headers.get(arm.strategy);
  if (header === undefined) throw new Error(`no header of ${arm.strategy}`);
  const { plan } = header;
  const values = METRICS.flatMap((metric): [string, ReportValue][] => {
    const value = valueOf(metric, metric.isPlanned && !plan.online);
    return value === undefined ? [] : [[metric.id, value]];
  });
  return {
    strategy: arm.strategy,
    same_as: [...header.same_as],
    verdict: plan.verdict.class,
    requests_exposed: plan.verdict.requests_exposed,
    exposure_page_ns: plan.verdict.exposure_page_ns,
    unbounded_exposed: plan.verdict.unbounded_exposed,
    online: plan.online,
    holds_back: plan.holds_back ?? plan.online,
    repeats: arms.rounds.length,
    frontier: false,
    plan: Object.fromEntries(PLAN_NUMBERS.map((name) => [name, plan[name]])),
    values: Object.fromEntries(values),
  };
}

/** The second arm of the baseline against the first, and what the comparison could have shown. */
function claimsOf(
  { arms, noTimes }: RowInput,
  rows: readonly ReportStrategy[],
  baseline: readonly Arm[],
): ReportJson['claims'] {
  const primary = primaryOf(rows);
  const control = baseline.map((arm) => valuesOf(arm, arms.rounds, primary));
  const [first, second] = control;
  const smallest = rows.slice(1).map((row) => {
    const value = row.values[primary];
    return value === undefined ? null : detectable(value);
  });
  return {
    primary,
    no_times: noTimes,
    rounds: arms.rounds.length,
    control:
      first === undefined || second === undefined
        ? null
        : compareMetric(
            { strategy: second, baseline: [first] },
            { alpha: FAMILY_ERROR, isExact: false },
          ),
    detectable:
      smallest.length === 0 || smallest.includes(null) ? null : Math.max(...smallest.map(Number)),
  };
}

/** Strict, and no other strict strategy is at least as good in both time in ioctls and stall and better in one. */
function isOnFrontier(row: ReportStrategy, rows: readonly ReportStrategy[]): boolean {
  if (row.verdict !== 'strict') return false;
  // What was not measured is not good.
  const service = (one: ReportStrategy): number =>
    shownOf(one, SERVICE) ?? Number.POSITIVE_INFINITY;
  const stall = (one: ReportStrategy): number => shownOf(one, STALL) ?? Number.POSITIVE_INFINITY;
  return !rows.some(
    (other) =>
      other !== row &&
      other.verdict === 'strict' &&
      service(other) <= service(row) &&
      stall(other) <= stall(row) &&
      (service(other) < service(row) || stall(other) < stall(row)),
  );
}
