// A comparison in a store -> ReportJson: reads its rows, `assemble.ts` makes the report of them.

import { z } from 'zod';

import { ToolError } from '../../collector/base/index.ts';
import { resultHeaderSchema, type ResultHeader } from '../../replayer/result/header.ts';
import { latenessCurves, serviceCurves, stallCurves } from '../queries/percentile-curves.ts';
import { requestsPerBarrier } from '../queries/requests-per-barrier.ts';
import { runMetrics } from '../queries/run-metrics.ts';
import { lastSeq, traceRate, traceSpan, type TraceSpan } from '../queries/trace-rate.ts';
import type { Query, Store } from '../store/index.ts';
import { assembleReport } from './assemble.ts';
import type { ChartRows } from './charts.ts';
import type { ReportJson } from './schema.ts';

const RATE_BUCKETS = 1000;

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
  const { digest } = first.trace;
  const [span] = await store.rows(traceSpan, { digest });
  return assembleReport({
    headers,
    runs: await store.rows(runMetrics, { comparison }),
    order: order ?? [...new Set(headers.map(({ plan }) => plan.strategy))],
    span,
    rate: await rateRows(store, first, span),
    service: await store.rows(serviceCurves, { comparison }),
    stall: await store.rows(stallCurves, { comparison }),
    lateness: await store.rows(latenessCurves, { comparison }),
    intervals: await store.rows(requestsPerBarrier, { digest }),
    generatedAt: new Date().toISOString(),
  });
}

async function rateRows(
  store: Store,
  { run_id, timing, trace }: ResultHeader,
  span: TraceSpan,
): Promise<ChartRows['rate']> {
  const pacing = timing?.pacing;
  const begin = Math.max(span.first_ns, pacing?.begin_ns ?? span.first_ns);
  const end = Math.min(span.last_ns + 1, pacing?.end_ns ?? span.last_ns + 1);
  const isLimited = pacing !== undefined && pacing.limit !== null;
  const [last] = isLimited ? await store.rows(lastSeq, { run: run_id }) : [];
  const bucketNs = Math.max(1, Math.ceil(Math.max(1, end - begin) / RATE_BUCKETS));
  const rows = await store.rows(traceRate, {
    digest: trace.digest,
    bucket_ns: bucketNs,
    begin_ns: begin,
    end_ns: end,
    last_seq: last?.last_seq ?? Number.MAX_SAFE_INTEGER,
  });
  const firstBucket = rows.length === 0 ? 0 : rows[0].bucket;
  const buckets = rows.length === 0 ? 0 : rows[rows.length - 1].bucket - firstBucket + 1;
  return { bucketNs, firstBucket, buckets, rows };
}

function parseHeader(text: string): ResultHeader {
  return z
    .string()
    .transform((json) => resultHeaderSchema.parse(JSON.parse(json)))
    .parse(text);
}
