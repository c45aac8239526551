// A comparison in a store -> ReportJson: a pure function of what was loaded.

import { z } from 'zod';

import { TOOL, ToolError } from '../../collector/base/index.ts';
import { provenanceText } from '../../replayer/result/provenance-text.ts';
import { resultHeaderSchema, type ResultHeader } from '../../replayer/result/header.ts';
import {
  latenessCurves,
  serviceCurves,
  stallCurves,
  type RunCurve,
} from '../queries/percentile-curves.ts';
import { requestsPerBarrier } from '../queries/requests-per-barrier.ts';
import { runMetrics } from '../queries/run-metrics.ts';
import { traceRate, traceSpan, type TraceSpan } from '../queries/trace-rate.ts';
import type { Query, Store } from '../store/index.ts';
import { reportCharts } from './charts.ts';
import { headline, trustLines } from './headline.ts';
import { METRICS } from './metrics.ts';
import { REPORT_FORMAT, REPORT_VERSION, type ReportJson } from './schema.ts';
import { strategyRows } from './strategies.ts';

const RATE_BUCKETS = 1000;
const SHOWN_INTERVALS = 256;

const headersOf: Query<{ readonly header: string }> = {
  sql: 'SELECT header FROM runs FINAL WHERE comparison_id = {comparison:String} ORDER BY started_at',
};

/** `order` is the order of the strategies, the baseline first. Throws ToolError where nothing was loaded. */
export async function buildReport(
  store: Store,
  comparison: string,
  order?: readonly string[],
): Promise<ReportJson> {
  const headers = (await store.rows(headersOf, { comparison })).map(({ header }) =>
    parseHeader(header),
  );
  if (headers.length === 0)
    throw new ToolError(
      'E_EMPTY',
      'no whole run of this comparison was loaded; there is nothing to report',
    );
  const [first] = headers;
  const byStrategy = new Map(headers.map((header) => [header.plan.strategy, header]));
  const metrics = await store.rows(runMetrics, { comparison });
  const strategies = strategyRows(order ?? [...byStrategy.keys()], metrics, byStrategy);
  const digest = first.trace.digest;
  const [span] = await store.rows(traceSpan, { digest });
  const rate = await rateRows(store, digest, span);
  const curves = async (query: typeof serviceCurves): Promise<readonly RunCurve[]> =>
    store.rows(query, { comparison });
  const intervals = await store.rows(requestsPerBarrier, { digest });
  const chartRows = {
    strategies,
    rate,
    service: await curves(serviceCurves),
    stall: await curves(stallCurves),
    lateness: await curves(latenessCurves),
  };
  return {
    format: REPORT_FORMAT,
    version: REPORT_VERSION,
    writer: TOOL.id,
    generated_at: new Date().toISOString(),
    title: `Coalescing of ${first.trace.name}`,
    headline: headline(strategies),
    trust: trustLines(headers, strategies),
    ran_on: {
      provenance: first.provenance,
      text: provenanceText(first),
      issuer: first.issuer,
      dialect: first.plan.dialect,
      pacing: first.pacing,
    },
    recording: {
      name: first.trace.name,
      digest,
      source: first.trace.source,
      barriers_are: first.trace.barriers,
      events: first.trace.events,
      ...requestCounts(span, first),
      lost: first.trace.lost,
      duration_ns: span.events === 0 ? first.summary.asked_ns : span.last_ns - span.first_ns,
      ...(first.trace.synthetic === undefined ? {} : { synthetic: first.trace.synthetic }),
      scrub: first.trace.scrub,
      requests_per_barrier: intervalCounts(intervals),
    },
    metrics: METRICS.map((metric) => ({ ...metric })),
    strategies: [...strategies],
    charts: reportCharts(chartRows),
    environment: { ...first.environment },
    runs: headers.map((header) => ({
      run_id: header.run_id,
      strategy: header.plan.strategy,
      repeat: header.repeat,
      started_at: header.started_at,
      interrupted: header.interrupted,
      lateness_p99_ns: header.summary.lateness_ns.p99,
      drift_ns: header.summary.drift_ns,
    })),
  };
}

/** From the recording where it was loaded; otherwise from what the run said of it. */
function requestCounts(
  span: TraceSpan,
  header: ResultHeader,
): Pick<ReportJson['recording'], 'requests' | 'barriers'> {
  const events = span.events === 0 ? header.trace.events : span.events;
  const requests = span.events === 0 ? header.plan.requests : span.requests;
  return { requests, barriers: events - requests };
}

async function rateRows(
  store: Store,
  digest: string,
  span: TraceSpan,
): Promise<Parameters<typeof reportCharts>[0]['rate']> {
  const length = Math.max(1, span.last_ns - span.first_ns);
  const bucketNs = Math.max(1, Math.ceil(length / RATE_BUCKETS));
  const rows = await store.rows(traceRate, { digest, bucket_ns: bucketNs });
  const firstBucket = rows.length === 0 ? 0 : rows[0].bucket;
  const buckets = rows.length === 0 ? 0 : rows[rows.length - 1].bucket - firstBucket + 1;
  return { bucketNs, firstBucket, buckets, rows };
}

function intervalCounts(
  rows: readonly { readonly requests: number; readonly intervals: number }[],
): number[] {
  const out = Array.from(
    { length: Math.min(SHOWN_INTERVALS, (rows.at(-1)?.requests ?? -1) + 1) },
    () => 0,
  );
  for (const row of rows) out[Math.min(row.requests, SHOWN_INTERVALS - 1)] += row.intervals;
  return out;
}

function parseHeader(text: string): ResultHeader {
  return z
    .string()
    .transform((json) => resultHeaderSchema.parse(JSON.parse(json)))
    .parse(text);
}
