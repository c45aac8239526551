// Limits that a user sets on a replay's timing: broken ones end the command with exit code 5, after the
// result was written and shown.

import type { Command } from 'commander';

import { ToolError, formatDuration, parseDurationNs } from '../../collector/base/index.ts';
import type { ResultHeader } from '../result/header.ts';

export interface LimitFlags {
  readonly maxLateness?: string;
  readonly maxDrift?: string;
}

export interface Limits {
  readonly maxLatenessNs: number;
  readonly maxDriftNs: number;
}

export function addLimitFlags(command: Command): void {
  command
    .option('--max-lateness <duration>', 'exit with 5 if any step was issued later than this')
    .option('--max-drift <duration>', 'exit with 5 if the run was stretched by more than this');
}

export function limitsOf(flags: LimitFlags): Limits {
  const limit = (text: string | undefined, flag: string): number =>
    text === undefined ? Number.POSITIVE_INFINITY : parseDurationNs(text, flag);
  return {
    maxLatenessNs: limit(flags.maxLateness, '--max-lateness'),
    maxDriftNs: limit(flags.maxDrift, '--max-drift'),
  };
}

/** Throws E_LIMIT where the run broke one. */
export function enforceLimits({ summary }: Pick<ResultHeader, 'summary'>, limits: Limits): void {
  const broken: string[] = [];
  const { max } = summary.lateness_ns;
  if (max !== null && max > limits.maxLatenessNs) {
    broken.push(`lateness ${formatDuration(max)} is over ${formatDuration(limits.maxLatenessNs)}`);
  }
  if (Math.abs(summary.drift_ns) > limits.maxDriftNs) {
    broken.push(
      `drift ${formatDuration(summary.drift_ns)} is over ${formatDuration(limits.maxDriftNs)}`,
    );
  }
  if (broken.length === 0) return;
  throw new ToolError('E_LIMIT', `${broken.join(', ')}. What was measured is kept.`, {
    hint: "see what disturbs it with 'iotlb doctor --timing'; --cpus helps most",
  });
}
