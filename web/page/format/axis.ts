// Tick labels. A linear axis has one unit, said in its title; a log axis spans units, so each label has its own.

import type { ReportChart } from '../../../analysis/report/schema.ts';
import { formatShort, formatValue } from './values.ts';

export type Axis = ReportChart['x'];

interface Scale {
  readonly name: string;
  readonly per: number;
}

const TIME: readonly Scale[] = [
  { name: 'h', per: 3600e9 },
  { name: 'min', per: 60e9 },
  { name: 's', per: 1e9 },
  { name: 'ms', per: 1e6 },
  { name: 'µs', per: 1e3 },
];
const NS: Scale = { name: 'ns', per: 1 };

/** The largest unit of time in which the axis' end is at least 2. */
function timeScale(span: number): Scale {
  return TIME.find((scale) => span >= 2 * scale.per) ?? NS;
}

/** The title with its unit; `end` is the largest value shown. */
export function axisTitle(axis: Axis, end: number): string {
  const unit = unitName(axis, end);
  const scale = axis.scale === 'log' ? 'log scale' : '';
  const said = unit.length > 3 && axis.title.toLowerCase().includes(unit); // 's' is in any word
  const extra = [said ? '' : unit, scale].filter((text) => text !== '').join(', ');
  return extra === '' ? axis.title : `${axis.title} (${extra})`;
}

function unitName(axis: Axis, end: number): string {
  switch (axis.unit) {
    case 'ns':
      return axis.scale === 'log' ? '' : timeScale(end).name;
    case 'per-second':
      return 'per second';
    case 'pages':
      return '4 KiB pages';
    case 'ratio':
    case 'count':
    case 'nines':
    case 'category':
      return '';
  }
}

/** Labels for one axis' ticks; `end` as in the title, so that both speak the same unit. */
export function tickLabels(axis: Axis, ticks: readonly (number | null)[], end: number): string[] {
  const scale = axis.unit === 'ns' && axis.scale === 'linear' ? timeScale(end) : undefined;
  return ticks.map((tick) => {
    if (tick === null) return '';
    if (scale !== undefined) return plain(tick / scale.per);
    if (axis.unit === 'ns' || axis.unit === 'ratio' || axis.unit === 'nines')
      return formatValue(tick, axis.unit);
    return formatShort(tick);
  });
}

/** Steps of an axis are round numbers: show what they have, not more. */
function plain(value: number): string {
  return Number(value.toPrecision(6)).toLocaleString('en-US', { maximumFractionDigits: 6 });
}
