// One cell of the strategies’ table: the ratio to the baseline, whether a difference was found, and the value.

import type { ReportJson, ReportValue } from '../../../analysis/report/schema.ts';
import { el } from '../dom.ts';
import { formatRatio, formatValue } from '../format/values.ts';
import { ratioBar, type RatioDomain } from './ratio-bar.ts';

export type Metric = ReportJson['metrics'][number];

interface CellContext {
  readonly domain: RatioDomain;
  readonly baseline: boolean;
  readonly strategy: string;
  readonly wins: boolean;
}

type Judgement = 'better' | 'worse' | 'differs' | 'same' | 'noise';

const WORDS: Readonly<Record<Judgement, string>> = {
  better: 'better',
  worse: 'worse',
  differs: 'differs',
  same: 'the same',
  noise: 'no difference found',
};

export function metricCell(
  metric: Metric,
  value: ReportValue | undefined,
  context: CellContext,
): HTMLElement {
  const shared = { role: 'cell', 'data-label': context.strategy };
  const look = context.wins ? 'iot-wins' : '';
  if (value === undefined) {
    return el('td', { ...shared, class: look }, el('span', { class: 'iot-none' }, 'not measured'));
  }
  const title = samplesText(metric, value);
  const median = el('span', { class: 'iot-median' }, formatValue(value.value, metric.unit));
  if (context.baseline) {
    return el('td', { ...shared, title, class: `${look} iot-cell-baseline` }, median);
  }
  if (value.ratio === null) {
    const none = el('span', { class: 'iot-none' }, 'no ratio: the baseline is 0');
    return el('td', { ...shared, title, class: look }, median, none);
  }
  const judgement = judge(metric, value);
  return el(
    'td',
    { ...shared, title, class: `${look} iot-cell-${judgement}` },
    el(
      'span',
      { class: 'iot-cell-line' },
      el('span', { class: 'iot-ratio' }, formatRatio(value.ratio)),
      el('span', { class: 'iot-judgement' }, `${sign(value.ratio, judgement)}${WORDS[judgement]}`),
    ),
    ratioBar(value, context.domain),
    median,
  );
}

export function judge(metric: Metric, value: ReportValue): Judgement {
  const { ratio, ratio_low, ratio_high } = value;
  if (ratio === 1 && ratio_low === 1 && ratio_high === 1) return 'same';
  if (!value.found || ratio === null) return 'noise';
  switch (metric.better) {
    case 'neither':
      return 'differs';
    case 'lower':
      return ratio < 1 ? 'better' : 'worse';
    case 'higher':
      return ratio > 1 ? 'better' : 'worse';
  }
}

function sign(ratio: number, judgement: Judgement): string {
  if (judgement === 'noise' || judgement === 'same') return '';
  return ratio < 1 ? '▼ ' : '▲ ';
}

function samplesText(metric: Metric, value: ReportValue): string {
  const text = (each: number): string => formatValue(each, metric.unit);
  const interval =
    value.ratio_low === null || value.ratio_high === null
      ? ''
      : `, ratio 95 % ${formatRatio(value.ratio_low)} to ${formatRatio(value.ratio_high)}`;
  return `${text(value.low)} to ${text(value.high)} over ${value.samples.length} repeats${interval}`;
}
