// Values of the report as people read them: one formatter per unit. Durations are printed as the terminal
// prints them.

import type { ReportChart } from '../../../analysis/report/schema.ts';
import { NO_VALUE, digits, formatDuration } from '../../../collector/base/format-values.ts';
import { formatNines } from './nines.ts';

export type Unit = ReportChart['x']['unit'];

/** Whole counts in full; fractions (a median of two) with what they have. */
export function formatCount(value: number): string {
  if (!Number.isFinite(value)) return NO_VALUE;
  return value.toLocaleString('en-US', { maximumFractionDigits: Math.abs(value) < 100 ? 2 : 0 });
}

/** Short, for axes: 12 k, 3.4 M. */
export function formatShort(value: number): string {
  const size = Math.abs(value);
  if (size < 1e4) return digits(value, 4);
  if (size < 999.5e3) return `${digits(value / 1e3)} k`;
  if (size < 999.5e6) return `${digits(value / 1e6)} M`;
  return `${digits(value / 1e9)} G`;
}

function formatRate(perSecond: number): string {
  return Number.isFinite(perSecond) ? `${formatShort(perSecond)}/s` : NO_VALUE;
}

/** Two decimals, so that ratios stand under each other; two digits where that would be too few. */
export function formatRatio(ratio: number): string {
  if (!Number.isFinite(ratio)) return NO_VALUE;
  if (ratio === 0) return '0×';
  if (ratio < 0.1) return `${digits(ratio, 2)}×`;
  if (ratio !== 1 && Math.abs(ratio - 1) < 0.005) return `${nearOne(ratio)}×`;
  return `${ratio < 9.995 ? ratio.toFixed(2) : digits(ratio)}×`;
}

/** Enough decimals to see on which side of 1 it is. */
function nearOne(ratio: number): string {
  const decimals = Math.min(6, Math.ceil(-Math.log10(Math.abs(ratio - 1))));
  return ratio.toFixed(decimals);
}

export function formatValue(value: number | null | undefined, unit: Unit): string {
  if (value === null || value === undefined) return NO_VALUE;
  switch (unit) {
    case 'ns':
      return formatDuration(value);
    case 'per-second':
      return formatRate(value);
    case 'ratio':
      return formatRatio(value);
    case 'nines':
      return formatNines(value);
    case 'pages':
    case 'count':
    case 'category':
      return formatCount(value);
  }
}
