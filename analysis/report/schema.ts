// ReportJson: everything the page shows, self-describing (titles, units, notes), versioned, and a pure
// function of the result files. Times are ns, pages 4 KiB. Charts carry at most a few thousand points.

import { z } from 'zod';

import { PROVENANCES } from '../../replayer/issuers/issuer.ts';
import { percentilesSchema } from '../../replayer/result/header.ts';
import { VERDICT_CLASSES } from '../../replayer/verdict/classes.ts';

export const REPORT_FORMAT = 'iotlb-report';
export const REPORT_VERSION = 2;

const axisSchema = z.object({
  title: z.string(),
  /** ns, pages, per second, count, percentile, or none; the page formats by it. */
  unit: z.enum(['ns', 'pages', 'per-second', 'count', 'nines', 'ratio', 'category']),
  scale: z.enum(['linear', 'log']),
});

/**
 * One chart. `line` and `percentiles`: series of (x, y). `bars`: x are indexes into `categories`.
 * `scatter`: one point a series. Percentile charts have x = −log10(1 − p): 1 is p90, 2 is p99, 3 is p99.9.
 */
const chartSchema = z.object({
  id: z.string(),
  kind: z.enum(['line', 'percentiles', 'bars', 'scatter']),
  title: z.string(),
  /** What the chart answers, as a question. */
  question: z.string(),
  x: axisSchema,
  y: axisSchema,
  categories: z.array(z.string()).optional(),
  series: z.array(
    z.object({
      name: z.string(),
      /** Index into `strategies`, for a colour that is the same in every chart; absent for others. */
      strategy: z.number().int().optional(),
      x: z.array(z.number()),
      y: z.array(z.number().nullable()),
    }),
  ),
  /** Scatter: the series that no safe one beats in both x and y, from left to right. */
  front: z.array(z.number().int()).optional(),
  note: z.string().optional(),
});
export type ReportChart = z.infer<typeof chartSchema>;

const valueSchema = z.object({
  /** Geometric mean over repeats; what tables show beside the ratio. */
  value: z.number(),
  median: z.number(),
  /** The least and the greatest of the repeats. */
  low: z.number(),
  high: z.number(),
  /** Counted from the plan: no replay can change it. */
  exact: z.boolean(),
  /** The value ÷ the baseline's; null where one of them is 0. */
  ratio: z.number().nullable(),
  /** 95 % over all strategies of the comparison together; null where so few repeats bound nothing. */
  ratio_low: z.number().nullable(),
  ratio_high: z.number().nullable(),
  /** The interval lies wholly on one side of 1, and the replays allow such a claim. */
  found: z.boolean(),
  samples: z.array(z.number()),
});
export type ReportValue = z.infer<typeof valueSchema>;

/** What a cost model expected of each strategy, beside what was measured: expected ÷ measured is how far off. */
const predictionSchema = z.object({
  /** What the model was fitted on, and what it can't say here. */
  note: z.string(),
  strategies: z.array(
    z.object({
      strategy: z.string(),
      prediction: z.object({
        ioctls: z.number(),
        service_total_ns: z.number(),
        service_ns: percentilesSchema,
        response_ns: percentilesSchema,
        stall_ns: percentilesSchema,
        utilisation: z.number(),
      }),
      /** Over all passes of a run. */
      service_total_ns: z.number(),
      service_total_off: z.number().nullable(),
      /** Null too where the replay did not keep the recorded times. */
      stall_p99_off: z.number().nullable(),
    }),
  ),
});
export type ReportPrediction = z.infer<typeof predictionSchema>;

export const reportSchema = z.object({
  format: z.literal(REPORT_FORMAT),
  version: z.number().int(),
  writer: z.string(),
  generated_at: z.string(),
  title: z.string(),
  /** Which strategy wins, by how much, and what it costs. */
  headline: z.object({
    text: z.string(),
    winner: z.string().nullable(),
    details: z.array(z.string()),
  }),
  /** What this comparison may claim of times, and how it was made (design 12). */
  claims: z.object({
    /** The metric that decides. */
    primary: z.string(),
    /** Null where times may be claimed; otherwise why not. */
    no_times: z.string().nullable(),
    rounds: z.number(),
    /** The baseline's second arm against its first: what looks like a difference and is none. */
    control: valueSchema.nullable(),
    /** Smallest relative difference of the primary metric that every strategy would have shown. */
    detectable: z.number().nullable(),
  }),
  /** Can I trust it: loss, fidelity, environment, repeats, what the issuer was. */
  trust: z.array(z.object({ level: z.enum(['good', 'warn', 'bad']), text: z.string() })),
  ran_on: z.object({
    provenance: z.enum(PROVENANCES),
    /** In words that cannot be mistaken. */
    text: z.string(),
    issuer: z.string(),
    dialect: z.string(),
    pacing: z.string(),
  }),
  recording: z.object({
    name: z.string(),
    digest: z.string(),
    source: z.string(),
    barriers_are: z.string(),
    events: z.number(),
    requests: z.number(),
    barriers: z.number(),
    lost: z.number(),
    duration_ns: z.number(),
    /** Where its clock was set: the time between these rows is not known. */
    clock_steps: z.array(z.string()).optional(),
    synthetic: z.string().optional(),
    scrub: z.string(),
    /** Barrier intervals by the number of requests in them, from 0 on. */
    requests_per_barrier: z.array(z.number()),
    /** What part of it was replayed; null where all of it was. */
    part: z
      .object({
        text: z.string(),
        requests: z.number(),
        begin_ns: z.number().nullable(),
        end_ns: z.number().nullable(),
      })
      .nullable(),
  }),
  /** Columns of the table, in order. */
  metrics: z.array(
    z.object({
      id: z.string(),
      title: z.string(),
      unit: z.enum(['ns', 'count', 'pages']),
      better: z.enum(['lower', 'higher', 'neither']),
      /** A time says something on a host with an IOMMU only. */
      is_time: z.boolean(),
      note: z.string(),
    }),
  ),
  /** The first is the baseline. */
  strategies: z.array(
    z.object({
      strategy: z.string(),
      /** Other strategies whose plan is identical: replayed once, under this name. */
      same_as: z.array(z.string()),
      verdict: z.enum(VERDICT_CLASSES),
      requests_exposed: z.number(),
      exposure_page_ns: z.number(),
      unbounded_exposed: z.number(),
      online: z.boolean(),
      repeats: z.number(),
      /** It holds barriers back: its counts come from the replay, not from the plan. */
      holds_back: z.boolean(),
      /** No other safe strategy is better in both time in ioctls and stall. */
      frontier: z.boolean(),
      plan: z.record(z.string(), z.number()),
      /** By metric; one that was not measured, or by too few samples, is absent. */
      values: z.record(z.string(), valueSchema.optional()),
    }),
  ),
  /** Where a cost model was given. */
  prediction: predictionSchema.optional(),
  charts: z.array(chartSchema),
  environment: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  runs: z.array(
    z.object({
      run_id: z.string(),
      strategy: z.string(),
      repeat: z.number(),
      /** 1 for the second arm of the baseline. */
      arm: z.number(),
      started_at: z.string(),
      interrupted: z.boolean(),
      lateness_p99_ns: z.number().nullable(),
      drift_ns: z.number(),
    }),
  ),
});
export type ReportJson = z.infer<typeof reportSchema>;
export type ReportStrategy = ReportJson['strategies'][number];
