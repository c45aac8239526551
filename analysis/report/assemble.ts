// What a comparison measured -> ReportJson: a pure function of its rows. `build.ts` reads them from a store, tests
// make them up.

import { TOOL } from '../../collector/base/index.ts';
import type { ResultHeader } from '../../replayer/result/header.ts';
import { provenanceText } from '../../replayer/result/provenance-text.ts';
import type { RunCurve } from '../queries/percentile-curves.ts';
import type { RunMetrics } from '../queries/run-metrics.ts';
import type { TraceSpan } from '../queries/trace-rate.ts';
import { armsOf } from './arms.ts';
import { reportCharts, type ChartRows } from './charts.ts';
import { headline } from './headline.ts';
import { METRICS } from './metrics.ts';
import { partText, passesText } from './part.ts';
import { REPORT_FORMAT, REPORT_VERSION, type ReportChart, type ReportJson } from './schema.ts';
import { strategyRows } from './strategies.ts';
import { trustLines } from './trust.ts';

const SHOWN_INTERVALS = 256;

export interface ReportInput {
  /** Of every replay, in the order they started. */
  readonly headers: readonly ResultHeader[];
  readonly runs: readonly RunMetrics[];
  /** Strategies in the order of the table, the baseline first. */
  readonly order: readonly string[];
  /** Of the recording; no events where it was not loaded. */
  readonly span: TraceSpan;
  readonly rate: ChartRows['rate'];
  readonly service: readonly RunCurve[];
  readonly stall: readonly RunCurve[];
  readonly lateness: readonly RunCurve[];
  readonly intervals: readonly { readonly requests: number; readonly intervals: number }[];
  readonly generatedAt: string;
}

/** Throws ToolError where no round has every strategy. */
export function assembleReport(input: ReportInput): ReportJson {
  const { headers, span } = input;
  const [first] = headers;
  const byStrategy = new Map(headers.map((header) => [header.plan.strategy, header]));
  const arms = armsOf(input.runs);
  const { rows: strategies, claims } = strategyRows({
    order: input.order,
    arms,
    headers: byStrategy,
    noTimes: noTimesReason(headers),
  });
  const part = partText(first);
  const inRounds = (curves: readonly RunCurve[]): readonly RunCurve[] =>
    curves.filter(({ repeat }) => arms.rounds.includes(repeat));
  const chartRows: ChartRows = {
    strategies,
    rate: input.rate,
    service: inRounds(input.service),
    stall: inRounds(input.stall),
    lateness: inRounds(input.lateness),
  };
  return {
    format: REPORT_FORMAT,
    version: REPORT_VERSION,
    writer: TOOL.id,
    generated_at: input.generatedAt,
    title: `How to group the requests of ${first.trace.name}`,
    headline: headline({ rows: strategies, claims, provenance: first.provenance, part }),
    claims,
    trust: trustLines({ headers, rows: strategies, claims, missing: arms.missing, part }),
    ran_on: {
      provenance: first.provenance,
      text: provenanceText(first),
      issuer: first.issuer,
      dialect: first.plan.dialect,
      pacing: `${first.pacing}${passesText(first)}`,
    },
    recording: {
      name: first.trace.name,
      digest: first.trace.digest,
      source: first.trace.source,
      barriers_are: first.trace.barriers,
      events: first.trace.events,
      ...requestCounts(span, first),
      lost: first.trace.lost,
      duration_ns: span.events === 0 ? first.summary.asked_ns : span.last_ns - span.first_ns,
      ...(first.trace.clock_steps === undefined ? {} : { clock_steps: first.trace.clock_steps }),
      ...(first.trace.synthetic === undefined ? {} : { synthetic: first.trace.synthetic }),
      scrub: first.trace.scrub,
      requests_per_barrier: intervalCounts(input.intervals),
      part: part === null ? null : partOf(part, first),
    },
    metrics: METRICS.map(({ id, title, unit, better, is_time, note }) => ({
      id,
      title,
      unit,
      better,
      is_time,
      note,
    })),
    strategies: [...strategies],
    charts: reportCharts(chartRows).map((chart) => withPart(chart, part)),
    environment: { ...first.environment },
    runs: headers.map((header) => ({
      run_id: header.run_id,
      strategy: header.plan.strategy,
      repeat: header.repeat,
      arm: header.arm,
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

/** Why these replays may claim no time; null where they may (design 12). */
function noTimesReason(headers: readonly ResultHeader[]): string | null {
  const classes = headers.flatMap(({ timing }) => timing?.fidelity.class ?? []);
  const bad = classes.filter((one) => one === 'not-faithful').length;
  if (bad > 0) {
    return `${bad} of ${headers.length} replays did not keep their schedule. A quieter host, --cpus with CPUs of its own, or --class fifo would help.`;
  }
  if (classes.includes('no-schedule')) {
    return 'the replays had no schedule to keep. Leave --asap out to compare times.';
  }
  return null;
}

function partOf(
  text: string,
  { timing, plan }: ResultHeader,
): NonNullable<ReportJson['recording']['part']> {
  return {
    text,
    requests: plan.requests,
    begin_ns: timing?.pacing.begin_ns ?? null,
    end_ns: timing?.pacing.end_ns ?? null,
  };
}

function withPart(chart: ReportChart, part: string | null): ReportChart {
  if (part === null) return chart;
  const note = chart.note === undefined ? '' : ` ${chart.note}`;
  return { ...chart, note: `Only ${part}.${note}` };
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
