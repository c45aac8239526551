// `--fail-on 'stall_p99>+5%'` and `--fail-on-any`: a stated limit on a metric of every strategy, against the
// baseline or as a value. The first fails only on what was found, the second on the value itself.

import {
  ToolError,
  formatCount,
  formatDuration,
  parseCount,
  parseDurationNs,
} from '../../collector/base/index.ts';
import { METRICS, type Metric } from '../report/metrics.ts';
import type { ReportJson, ReportStrategy, ReportValue } from '../report/schema.ts';
import { detectable } from '../statistics/compare-metric.ts';

export type LimitFlag = '--fail-on' | '--fail-on-any';

export interface Limit {
  readonly flag: LimitFlag;
  readonly text: string;
  readonly metric: Metric;
  readonly above: boolean;
  /** As a ratio to the baseline, or as a value in the metric's unit. */
  readonly bound: { readonly ratio: number } | { readonly value: number };
}

const LIMIT = /^([a-z0-9_]+)\s*([<>])\s*(?:([+-]\d+(?:\.\d+)?)%|(\S+))$/;

/** Parses `stall_p99>+5%`, `service_total<-10%`, `stall_p99>100us`, `ioctls>20k`. Throws ToolError. */
export function parseLimit(text: string, flag: LimitFlag = '--fail-on'): Limit {
  const found = LIMIT.exec(text.trim());
  const metric = METRICS.find(
    ({ id }) => found !== null && (id === found[1] || id === `${found[1]}_ns`),
  );
  if (found === null || metric === undefined) {
    throw new ToolError('E_USAGE', `${flag}: '${text}' is not a limit; nothing was issued`, {
      hint: `write it like 'stall_p99>+5%' or 'stall_p99>100us'; metrics: ${METRICS.map(({ id }) => id.replace(/_ns$/, '')).join(' ')}`,
    });
  }
  const [, , sign, percent, value] = found;
  const bound =
    percent === undefined
      ? {
          value: metric.unit === 'ns' ? parseDurationNs(value, flag) : parseCount(value, flag),
        }
      : { ratio: 1 + Number(percent) / 100 };
  return { flag, text, metric, above: sign === '>', bound };
}

export interface LimitCheck {
  /** One line per strategy and limit that is broken. */
  readonly broken: readonly string[];
  /** One line per limit that is kept: how small a difference would have been found. */
  readonly kept: readonly string[];
}

/** Checks every limit on every strategy; the baseline is held to values only. */
export function checkLimits(report: ReportJson, limits: readonly Limit[]): LimitCheck {
  const broken: string[] = [];
  const kept: string[] = [];
  for (const limit of limits) {
    const rows = 'ratio' in limit.bound ? report.strategies.slice(1) : report.strategies;
    const lines = rows.flatMap((row) => breaks(row, limit) ?? []);
    broken.push(...lines);
    if (lines.length === 0) kept.push(`${limit.flag} '${limit.text}' holds${reach(rows, limit)}`);
  }
  return { broken, kept };
}

/** What `limit` would have found at the least. */
function reach(rows: readonly ReportStrategy[], { metric, bound }: Limit): string {
  if (!('ratio' in bound)) return '';
  const values = rows.flatMap((row) => row.values[metric.id] ?? []);
  if (values.every((value) => value.exact)) return ' (exact)';
  const least = values.map((value) => detectable(value));
  if (least.length === 0 || least.includes(null)) {
    return '; the repeats are too few to find a difference of any size';
  }
  const percent = Number((Math.max(...least.map(Number)) * 100).toPrecision(2));
  return `; a difference of ${percent} % or more would have been found`;
}

function breaks(row: ReportStrategy, limit: Limit): string | undefined {
  const { metric, text, flag } = limit;
  const value = row.values[metric.id];
  const start = `${row.strategy} breaks ${flag} '${text}': ${metric.title}`;
  if (value === undefined) return `${start} was not measured`;
  const isAny = flag === '--fail-on-any';
  if ('value' in limit.bound) {
    const least = limit.above ? value.low : value.high;
    if (!isBeyond(isAny ? value.value : least, limit.bound.value, limit)) return undefined;
    const shown = metric.unit === 'ns' ? formatDuration(value.value) : formatCount(value.value);
    return `${start} is ${shown}${isAny ? '' : ' in every repeat beyond it'}`;
  }
  if (value.ratio === null) return `${start} has no ratio: the baseline's is 0`;
  const edge = limit.above ? value.ratio_low : value.ratio_high;
  const tested = isAny ? value.ratio : edge;
  if (tested === null || !isBeyond(tested, limit.bound.ratio, limit)) return undefined;
  return `${start} ${change(value.ratio)}${value.exact ? '' : ` (95 %: ${range(value)})`}`;
}

function isBeyond(got: number, bound: number, { above }: Limit): boolean {
  return above ? got > bound : got < bound;
}

function change(ratio: number | null): string {
  return ratio === null ? '…' : `${ratio >= 1 ? '+' : ''}${((ratio - 1) * 100).toFixed(1)} %`;
}

function range({ ratio_low, ratio_high }: ReportValue): string {
  return `${change(ratio_low)} to ${change(ratio_high)}`;
}
