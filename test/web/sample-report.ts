// A made-up report for looking at the page: every number in it is fictional, and its title says so.
// Deterministic, so that tests and pictures are repeatable. Never a source of results.

import type { ReportChart, ReportJson, ReportValue } from '../../analysis/report/schema.ts';
import { REPORT_FORMAT, REPORT_VERSION } from '../../analysis/report/schema.ts';

interface Made {
  readonly strategy: string;
  readonly verdict: 'strict' | 'deferred' | 'broken';
  /** Ratios to the baseline. */
  readonly service: number;
  readonly stall: number;
  readonly ioctls: number;
  readonly pages: number;
  readonly frontier: boolean;
}

const MADE: readonly Made[] = [
  {
    strategy: 'none',
    verdict: 'strict',
    service: 1,
    stall: 1,
    ioctls: 1,
    pages: 1,
    frontier: false,
  },
  {
    strategy: 'barrier',
    verdict: 'strict',
    service: 0.994,
    stall: 1.004,
    ioctls: 0.9984,
    pages: 1,
    frontier: true,
  },
  {
    strategy: 'adjacent',
    verdict: 'strict',
    service: 0.71,
    stall: 0.82,
    ioctls: 0.62,
    pages: 1,
    frontier: true,
  },
  {
    strategy: 'adjacent+window:us=50,max=64',
    verdict: 'strict',
    service: 0.18,
    stall: 11.4,
    ioctls: 0.0213,
    pages: 1,
    frontier: true,
  },
  {
    strategy: 'drain',
    verdict: 'strict',
    service: 0.97,
    stall: 0.91,
    ioctls: 0.93,
    pages: 1,
    frontier: false,
  },
  {
    strategy: 'flush-queue:size=256,timeout=10ms',
    verdict: 'deferred',
    service: 0.02,
    stall: 0,
    ioctls: 0.004,
    pages: 1.9,
    frontier: false,
  },
];

/** A small generator with a fixed seed: the same report every time. */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

export interface SampleOptions {
  /** Points of each line. */
  readonly points?: number;
  readonly provenance?: ReportJson['ran_on']['provenance'];
  /** Stands in for names that a recording or a user's own strategy may have. */
  readonly hostile?: string;
}

export function sampleReport(options: SampleOptions = {}): ReportJson {
  const { points = 400, provenance = 'null', hostile } = options;
  const made = MADE.map((each, i) =>
    hostile !== undefined && i === 1 ? { ...each, strategy: hostile } : each,
  );
  return {
    format: REPORT_FORMAT,
    version: REPORT_VERSION,
    writer: 'iotlb@0.1.0',
    generated_at: '2026-01-02T03:04:05Z',
    title: `SAMPLE with made-up numbers${hostile === undefined ? '' : ` ${hostile}`}`,
    headline: {
      text: 'adjacent takes 29 % less time in ioctls than none, and barriers wait 18 % less',
      winner: 'adjacent',
      details: [
        'Price: nothing is widened (1.00× the pages), nothing is exposed: the plan is strict',
        'adjacent+window:us=50,max=64 spends still less time in ioctls (0.18×), but its barriers wait 11.4× as long',
        'barrier is within the noise of none: these barriers rarely hold more than one request',
      ],
    },
    trust: [
      {
        level: 'bad',
        text: 'Null issuer: the system call path only. No IOMMU took part; do not quote these as hardware',
      },
      { level: 'warn', text: 'The host has no isolated CPU and its governor is unknown' },
      { level: 'good', text: 'No event of the recording was lost' },
      {
        level: 'good',
        text: '7 repeats a strategy, interleaved in random order; lateness p99 at most 3.4 µs',
      },
    ],
    ran_on: {
      provenance,
      text:
        provenance === 'hardware'
          ? 'An imagined host with an imagined IOMMU'
          : 'null issuer: the system call path only, no IOMMU, nothing was invalidated',
      issuer: provenance === 'hardware' ? 'iommufd' : 'null',
      dialect: 'hwpt-vtd-s1',
      pacing: 'recorded timing, 1×',
    },
    recording: {
      name: hostile ?? 'sample.arrow',
      digest: `sha256:${'0123456789abcdef'.repeat(4)}`,
      source: 'qemu',
      barriers_are: 'seen',
      events: 131072,
      requests: 65600,
      barriers: 65472,
      lost: 0,
      duration_ns: 19.7e9,
      scrub: 'none',
      requests_per_barrier: [310, 64000, 820, 190, 80, 33, 20, 9, 6, 1, 1, 1, 0, 0, 0, 1],
    },
    metrics: [
      {
        id: 'service_total_ns',
        title: 'Time in ioctls',
        unit: 'ns',
        better: 'lower',
        note: 'sum of service time over all ioctls of a run',
      },
      {
        id: 'stall_p50_ns',
        title: 'Stall p50',
        unit: 'ns',
        better: 'lower',
        note: 'release − captured time of the barrier, median',
      },
      {
        id: 'stall_p99_ns',
        title: 'Stall p99',
        unit: 'ns',
        better: 'lower',
        note: 'release − captured time of the barrier, 99th percentile',
      },
      { id: 'ioctls', title: 'Ioctls', unit: 'count', better: 'lower', note: 'calls made' },
      {
        id: 'hardware_waits',
        title: 'Hardware waits',
        unit: 'count',
        better: 'lower',
        note: "what the kernel's driver waits for, by the dialect's rule",
      },
      {
        id: 'issued_pages',
        title: 'Pages issued',
        unit: 'pages',
        better: 'neither',
        note: '4 KiB pages over ranged entries',
      },
    ],
    strategies: made.map((each, i) => strategy(each, i)),
    prediction: {
      note: 'Not measured: expected by a model of 40,000 ioctls.',
      strategies: made.map((each, i) => predicted(each, i)),
    },
    charts: charts(made, points),
    environment: {
      tool: 'iotlb@0.1.0',
      node: 'v20.0.0',
      host: hostile ?? 'sample-host',
      kernel: '6.0.0-sample',
      cpu: 'Sample CPU @ 1.00GHz',
      cpus: 2,
      memory_bytes: 8 * 1024 ** 3,
      governor: null,
      clocksource: 'tsc',
      isolated_cpus: '',
      virtual: true,
      load_1min: 0.42,
    },
    runs: made.flatMap((each, i) =>
      Array.from({ length: 7 }, (_, repeat) => ({
        run_id: `sample-${i}-${repeat}`,
        strategy: each.strategy,
        repeat,
        started_at: `2026-01-02T03:${String(repeat).padStart(2, '0')}:${String(((i * 7 + repeat * 5) % 6) * 10).padStart(2, '0')}Z`,
        interrupted: false,
        lateness_p99_ns: 2400 + 100 * i,
        drift_ns: 900 - 200 * repeat,
      })),
    ),
  };
}

function strategy(each: Made, index: number): ReportJson['strategies'][number] {
  const noise = dice(index + 7);
  const values = (base: number, ratio: number, spread: number): ReportValue => {
    const samples = Array.from({ length: 7 }, () => base * ratio * (1 + spread * (noise() - 0.5)));
    const low = ratio * (1 - spread / 2);
    const high = ratio * (1 + spread / 2);
    const isBaseline = index === 0;
    return {
      median: base * ratio,
      low: Math.min(...samples),
      high: Math.max(...samples),
      ratio: isBaseline ? 1 : ratio,
      ratio_low: isBaseline ? 1 : low,
      ratio_high: isBaseline ? 1 : high,
      holds: !isBaseline && (high < 1 || low > 1),
      samples,
    };
  };
  const deferred = each.verdict === 'deferred';
  return {
    strategy: each.strategy,
    verdict: each.verdict,
    requests_exposed: deferred ? 64810 : 0,
    exposure_page_ns: deferred ? 3.1e14 : 0,
    unbounded_exposed: deferred ? 21 : 0,
    online: each.strategy === 'drain',
    repeats: 7,
    frontier: each.frontier,
    plan: {
      steps: Math.round(65600 * each.ioctls),
      entries: Math.round(65600 * Math.max(0.02, each.ioctls)),
      requested_pages: 70112,
      issued_pages: Math.round(70112 * each.pages),
      widened: each.pages > 1 ? 256 : 0,
      hardware_waits: Math.round(65600 * Math.max(0.02, each.ioctls)),
    },
    values: {
      service_total_ns: values(21.3e6, each.service, 0.05),
      stall_p50_ns: values(4200, each.stall, 0.04),
      stall_p99_ns: values(19400, each.stall * 1.1, 0.3),
      ioctls: values(65600, each.ioctls, 0),
      hardware_waits: values(65600, Math.max(0.02, each.ioctls), 0),
      issued_pages: values(70112, each.pages, 0),
    },
  };
}

/** The first is expected 20 % too low; the stall of the last is not comparable. */
function predicted(
  each: Made,
  i: number,
): NonNullable<ReportJson['prediction']>['strategies'][number] {
  const spread = { p50: 300, p90: 400, p99: 15e3, p999: 2e4, max: 3e4 };
  return {
    strategy: each.strategy,
    prediction: {
      ioctls: 65600,
      service_total_ns: 17e6,
      service_ns: spread,
      response_ns: spread,
      stall_ns: spread,
      utilisation: 0.1,
    },
    service_total_ns: 17e6,
    service_total_off: 0.8,
    stall_p99_off: i === 5 ? null : 0.75,
  };
}

function charts(made: readonly Made[], points: number): ReportChart[] {
  const seconds = Array.from({ length: points }, (_, i) => (19.7e9 * i) / points);
  const nines = [0, 0.1, 0.2, 0.3, 0.45, 0.6, 0.8, 1, 1.3, 1.6, 2, 2.3, 2.6, 3, 3.5, 4, 4.5];
  const time = { title: 'Time since the start', unit: 'ns', scale: 'linear' } as const;
  const percentile = { title: 'Percentile', unit: 'nines', scale: 'linear' } as const;
  return [
    {
      id: 'rate',
      kind: 'line',
      title: 'Ioctls over time',
      question: 'When do the requests come?',
      x: time,
      y: { title: 'Ioctls', unit: 'per-second', scale: 'linear' },
      series: made.map((each, i) => {
        const noise = dice(i + 1);
        const y = seconds.map((_, at) =>
          at % 97 === 96
            ? null
            : 3300 * each.ioctls * (0.4 + noise() + Math.sin(at / (points / 11)) ** 2),
        );
        return { name: each.strategy, strategy: i, x: seconds, y };
      }),
    },
    {
      id: 'calls',
      kind: 'bars',
      title: 'Ioctls and entries',
      question: 'How many calls does each strategy make?',
      x: { title: 'Strategy', unit: 'category', scale: 'linear' },
      y: { title: 'Count', unit: 'count', scale: 'linear' },
      categories: made.map((each) => each.strategy),
      series: [
        {
          name: 'ioctls',
          x: made.map((_, i) => i),
          y: made.map((each) => Math.round(65600 * each.ioctls)),
        },
        {
          name: 'entries',
          x: made.map((_, i) => i),
          y: made.map((each) => Math.round(65600 * Math.max(0.02, each.ioctls))),
        },
      ],
    },
    {
      id: 'service',
      kind: 'percentiles',
      title: 'Service time',
      question: 'How long does one ioctl take, and how bad is its tail?',
      x: percentile,
      y: { title: 'Service time', unit: 'ns', scale: 'log' },
      series: made.map((each, i) => ({
        name: each.strategy,
        strategy: i,
        x: nines,
        y: nines.map((x) => 310 * (1 + i * 0.3) * 2.4 ** x),
      })),
    },
    {
      id: 'stall',
      kind: 'percentiles',
      title: 'Barrier stall',
      question: 'How long does the guest wait at a barrier?',
      x: percentile,
      y: { title: 'Stall', unit: 'ns', scale: 'log' },
      series: made.map((each, i) => ({
        name: each.strategy,
        strategy: i,
        x: nines,
        y: nines.map((x) => (x < 0.3 && i > 2 ? 0 : 4200 * each.stall * 1.9 ** x)),
      })),
      note: 'Stall is release − captured time of the barrier.',
    },
    {
      id: 'price',
      kind: 'scatter',
      title: 'Gain and price',
      question: 'What does less time in ioctls cost in stall?',
      x: { title: 'Time in ioctls', unit: 'ns', scale: 'log' },
      y: { title: 'Stall p99', unit: 'ns', scale: 'log' },
      series: made.map((each, i) => ({
        name: each.strategy,
        strategy: i,
        x: [21.3e6 * each.service],
        y: [19400 * each.stall],
      })),
      front: made.flatMap((each, i) => (each.frontier ? [i] : [])),
    },
  ];
}
