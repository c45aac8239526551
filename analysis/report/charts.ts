// The charts of a report, from SQL rows. One function per chart; the list at the end is their order.

import { NINES, type RunCurve } from '../queries/percentile-curves.ts';
import type { RateBucket } from '../queries/trace-rate.ts';
import { overRepeats } from '../statistics/compare-metric.ts';
import { SERVICE, STALL, shownOf } from './metrics.ts';
import type { ReportChart, ReportStrategy } from './schema.ts';

export interface ChartRows {
  readonly strategies: readonly ReportStrategy[];
  readonly rate: {
    readonly bucketNs: number;
    readonly firstBucket: number;
    readonly buckets: number;
    readonly rows: readonly RateBucket[];
  };
  readonly service: readonly RunCurve[];
  readonly stall: readonly RunCurve[];
  readonly lateness: readonly RunCurve[];
}

function rateChart({ rate }: ChartRows): ReportChart {
  const requests = Array.from({ length: rate.buckets }, () => 0);
  const barriers = Array.from({ length: rate.buckets }, () => 0);
  const perSecond = 1e9 / rate.bucketNs;
  for (const row of rate.rows) {
    requests[row.bucket - rate.firstBucket] = row.requests * perSecond;
    barriers[row.bucket - rate.firstBucket] = row.barriers * perSecond;
  }
  const x = requests.map((_, i) => (i + rate.firstBucket) * rate.bucketNs);
  return {
    id: 'rate',
    kind: 'line',
    title: 'Rate over time',
    question: 'How many requests per second did the guest make?',
    x: { title: 'time in the recording', unit: 'ns', scale: 'linear' },
    y: { title: 'per second', unit: 'per-second', scale: 'linear' },
    series: [
      { name: 'requests', x, y: requests },
      { name: 'barriers', x, y: barriers },
    ],
  };
}

interface CurveText {
  readonly id: string;
  readonly title: string;
  readonly question: string;
  readonly axis: string;
  readonly note?: string;
}

function curveChart(
  text: CurveText,
  curves: readonly RunCurve[],
  strategies: readonly ReportStrategy[],
): ReportChart {
  return {
    id: text.id,
    kind: 'percentiles',
    title: text.title,
    question: text.question,
    x: { title: 'percentile', unit: 'nines', scale: 'linear' },
    y: { title: text.axis, unit: 'ns', scale: 'log' },
    series: strategies.flatMap(({ strategy }, index) => {
      const runs = curves.filter((one) => one.strategy === strategy);
      const y = curveOf(runs.map(({ values }) => values));
      return y.some((value) => value !== null)
        ? [{ name: strategy, strategy: index, x: [...NINES], y }]
        : [];
    }),
    ...(text.note === undefined ? {} : { note: text.note }),
  };
}

/** Over the runs at each point, as the table does it; null where a run has too few samples for it. */
function curveOf(runs: readonly (readonly (number | null)[])[]): (number | null)[] {
  return NINES.map((_, at) => {
    const values = runs.map((run) => run[at]);
    return values.length === 0 || values.includes(null) ? null : overRepeats(values.map(Number));
  });
}

function callsChart({ strategies }: ChartRows): ReportChart {
  const categories = strategies.map(({ strategy }) => strategy);
  const x = categories.map((_, i) => i);
  const bars = (id: string, name: string): ReportChart['series'][number] => ({
    name,
    x,
    y: strategies.map((row) => shownOf(row, id)),
  });
  return {
    id: 'calls',
    kind: 'bars',
    title: 'What is issued',
    question: 'How many ioctls, entries and hardware waits does each strategy make?',
    x: { title: 'strategy', unit: 'category', scale: 'linear' },
    y: { title: 'count', unit: 'count', scale: 'linear' },
    categories,
    series: [
      bars('ioctls', 'ioctls'),
      bars('entries', 'entries'),
      bars('hardware_waits', 'hardware waits'),
    ],
    note: 'Grouping saves ioctls; only joining saves hardware waits.',
  };
}

function tradeChart({ strategies }: ChartRows): ReportChart {
  return {
    id: 'stall-service',
    kind: 'scatter',
    title: 'Stall against time in ioctls',
    question: 'Does less time in ioctls make the guest wait longer?',
    x: { title: 'time in ioctls', unit: 'ns', scale: 'linear' },
    y: { title: 'stall', unit: 'ns', scale: 'log' },
    series: strategies.map((row, index) => ({
      name: row.strategy,
      strategy: index,
      x: [shownOf(row, SERVICE) ?? Number.NaN].filter((value) => !Number.isNaN(value)),
      y: [shownOf(row, STALL)],
    })),
    front: strategies
      .map((row, index) => ({ index, isFront: row.frontier, service: shownOf(row, SERVICE) ?? 0 }))
      .filter(({ isFront }) => isFront)
      .sort((a, b) => a.service - b.service)
      .map(({ index }) => index),
    note: 'Down and to the left is better. The line is the frontier: no safe strategy (◆) is better in both.',
  };
}

/** All charts of a report, in order. A new chart is one function and one line. */
export function reportCharts(rows: ChartRows): ReportChart[] {
  const { strategies } = rows;
  return [
    // Results may be reported without their recording; then there is no rate to show.
    ...(rows.rate.buckets === 0 ? [] : [rateChart(rows)]),
    tradeChart(rows),
    curveChart(
      {
        id: 'service',
        title: 'Service time',
        question: 'How long does one ioctl take?',
        axis: 'service time',
      },
      rows.service,
      strategies,
    ),
    curveChart(
      {
        id: 'stall',
        title: 'Barrier stall',
        question: 'How long does the guest wait for a barrier?',
        axis: 'stall',
        note: 'A barrier that waits for nothing has a stall of 0. Each point is the mean of the repeats’ own percentiles.',
      },
      rows.stall,
      strategies,
    ),
    callsChart(rows),
    curveChart(
      {
        id: 'lateness',
        title: 'Lateness of the replay',
        question: 'How late did the replay issue what was due?',
        axis: 'lateness',
        note: 'This is the replay’s own error, not the strategy’s.',
      },
      rows.lateness,
      strategies,
    ),
  ];
}
