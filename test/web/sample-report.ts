// A made-up comparison for looking at the page: every number in it is fictional, and its title says so. The report is
// made of it by the product's own functions. Deterministic, so that tests and pictures are repeatable.

import { NINES, type RunCurve } from '../../analysis/queries/percentile-curves.ts';
import type { RateBucket } from '../../analysis/queries/trace-rate.ts';
import { assembleReport } from '../../analysis/report/assemble.ts';
import type { ReportJson, ReportStrategy } from '../../analysis/report/schema.ts';
import { Random } from '../../collector/base/index.ts';
import { madeComparison, type MadeStrategy } from '../support/comparison-rows.ts';

const SECONDS = 19.7;
const ROUNDS = 7;

const MADE: readonly MadeStrategy[] = [
  { strategy: 'none' },
  { strategy: 'barrier', ioctls: 65_495, stallNs: 341.4e6, serviceNs: 21.2e6 },
  { strategy: 'adjacent', ioctls: 40_672, stallNs: 279e6, serviceNs: 15.1e6 },
  {
    strategy: 'adjacent+window:us=50,max=64',
    ioctls: 1397,
    stallNs: 3876e6,
    serviceNs: 3.8e6,
  },
  { strategy: 'drain', online: true, ioctls: 61_008, stallNs: 338e6, serviceNs: 20.7e6 },
  {
    strategy: 'flush-queue:size=256,timeout=10ms',
    verdict: 'deferred',
    ioctls: 262,
    pages: 133_213,
    stallNs: null,
    serviceNs: 0.43e6,
  },
];

export interface SampleOptions {
  /** Points of the chart over time. */
  readonly points?: number;
  readonly provenance?: ReportJson['ran_on']['provenance'];
  /** Stands in for names that a recording or a custom strategy may have. */
  readonly hostile?: string;
  readonly limit?: number;
}

export function sampleReport(options: SampleOptions = {}): ReportJson {
  const { points = 400, provenance = 'lab', hostile, limit } = options;
  const strategies = MADE.map((each, i) =>
    hostile !== undefined && i === 1 ? { ...each, strategy: hostile } : each,
  );
  const input = madeComparison({
    strategies,
    rounds: ROUNDS,
    provenance,
    ...(hostile === undefined ? {} : { name: hostile, host: hostile }),
    ...(limit === undefined ? {} : { limit }),
  });
  const report = assembleReport({
    ...input,
    rate: {
      bucketNs: (SECONDS * 1e9) / points,
      firstBucket: 0,
      buckets: points,
      rows: rate(points),
    },
    service: curves(
      strategies,
      ({ serviceNs = 21.3e6 }, nines) => (serviceNs / 65_600) * 2.4 ** nines,
    ),
    stall: curves(strategies, ({ stallNs = 340e6, online }, nines) =>
      stallNs === null
        ? null
        : online === true && nines < 0.3
          ? 0
          : (stallNs / 65_600) * 1.9 ** nines,
    ),
    lateness: curves(strategies, (_, nines) => 300 * 2 ** nines),
  });
  return {
    ...report,
    title: `SAMPLE with made-up numbers${hostile === undefined ? '' : ` ${hostile}`}`,
    prediction: {
      note: 'Not measured: expected by a model of 40,000 ioctls.',
      strategies: report.strategies.map((row, i) => predicted(row, i)),
    },
  };
}

/** Requests and barriers of each stretch of time; every 97th is quiet. */
function rate(points: number): readonly RateBucket[] {
  const random = new Random(1);
  return Array.from({ length: points }, (_, bucket) => {
    const busy = 0.4 + random.unit() + Math.sin(bucket / (points / 11)) ** 2;
    const requests = bucket % 97 === 96 ? 0 : Math.round((65_600 / points) * busy);
    return { bucket, requests, barriers: requests };
  });
}

function curves(
  strategies: readonly MadeStrategy[],
  at: (strategy: MadeStrategy, nines: number) => number | null,
): readonly RunCurve[] {
  return strategies.flatMap((one) =>
    Array.from({ length: ROUNDS }, (_, repeat) => ({
      strategy: one.strategy,
      repeat,
      values: NINES.map((nines) => at(one, nines)),
    })),
  );
}

/** The first is expected 20 % too low; the stall of the last is not comparable. */
function predicted(
  { strategy }: ReportStrategy,
  i: number,
): NonNullable<ReportJson['prediction']>['strategies'][number] {
  const spread = { p50: 300, p90: 400, p99: 15e3, p999: 2e4, max: 3e4 };
  return {
    strategy,
    prediction: {
      ioctls: 65_600,
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
