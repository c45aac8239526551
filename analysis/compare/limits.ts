// `--fail-on 'stall_p99>+5%'`: a stated limit on a metric of every strategy, against the baseline or as
// a value. Says which strategy broke it and whether the difference is beyond the noise.

import {
  ToolError,
  formatCount,
  formatDuration,
  parseCount,
  parseDurationNs,
} from '../../collector/base/index.ts';
import { METRICS, type Metric } from '../report/metrics.ts';
import type { ReportJson, ReportStrategy } from '../report/schema.ts';

export interface Limit {
  readonly text: string;
  readonly metric: Metric;
  readonly above: boolean;
  /** As a ratio to the baseline, or as a value in the metric's unit. */
  readonly bound: { readonly ratio: number } | { readonly value: number };
}

const LIMIT = /^([a-z0-9_]+)\s*([<>])\s*(?:([+-]\d+(?:\.\d+)?)%|(\S+))$/;

/** Parses `stall_p99>+5%`, `service_total<-10%`, `stall_p99>100us`, `ioctls>20k`. Throws ToolError. */
export function parseLimit(text: string): Limit {
  const found = LIMIT.exec(text.trim());
  const metric = METRICS.find(
    ({ id }) => found !== null && (id === found[1] || id === `${found[1]}_ns`),
  );
  if (found === null || metric === undefined) {
    throw new ToolError(
      'E_USAGE',
      `--fail-on: '${text}' is not a limit that is known; nothing was issued`,
      {
        hint: `write it like 'stall_p99>+5%' or 'stall_p99>100us'; metrics: ${METRICS.map(({ id }) => id.replace(/_ns$/, '')).join(' ')}`,
      },
    );
  }
  const [, , sign, percent, value] = found;
  const bound =
    percent === undefined
      ? {
          value:
            metric.unit === 'ns'
              ? parseDurationNs(value, '--fail-on')
              : parseCount(value, '--fail-on'),
        }
      : { ratio: 1 + Number(percent) / 100 };
  return { text, metric, above: sign === '>', bound };
}

/** One line for each strategy that breaks a limit; the baseline is held to values only. */
export function brokenLimits(report: ReportJson, limits: readonly Limit[]): readonly string[] {
  return limits.flatMap((limit) =>
    report.strategies.flatMap((row, i) => {
      const line = 'ratio' in limit.bound && i === 0 ? undefined : breaks(row, limit);
      return line === undefined ? [] : [line];
    }),
  );
}

function breaks(row: ReportStrategy, limit: Limit): string | undefined {
  const value = row.values[limit.metric.id];
  if (value === undefined) return undefined;
  const beyond = (got: number, bound: number): boolean => (limit.above ? got > bound : got < bound);
  if ('value' in limit.bound) {
    if (!beyond(value.median, limit.bound.value)) return undefined;
    const shown =
      limit.metric.unit === 'ns' ? formatDuration(value.median) : formatCount(value.median);
    return `${row.strategy} breaks ${limit.text}: ${limit.metric.title} is ${shown}`;
  }
  if (value.ratio === null || !beyond(value.ratio, limit.bound.ratio)) return undefined;
  const change = `${value.ratio >= 1 ? '+' : ''}${((value.ratio - 1) * 100).toFixed(1)} %`;
  return `${row.strategy} breaks ${limit.text}: ${limit.metric.title} ${change}${value.holds ? '' : ', inside the noise'}`;
}
