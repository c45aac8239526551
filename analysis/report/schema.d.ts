import { z } from 'zod';
export declare const REPORT_FORMAT = 'iotlb-report';
export declare const REPORT_VERSION = 1;
/**
 * One chart. `line` and `percentiles`: series of (x, y). `bars`: x are indexes into `categories`.
 * `scatter`: one point a series. Percentile charts have x = −log10(1 − p): 1 is p90, 2 is p99, 3 is p99.9.
 */
declare const chartSchema: z.ZodObject<
  {
    id: z.ZodString;
    kind: z.ZodEnum<{
      bars: 'bars';
      line: 'line';
      percentiles: 'percentiles';
      scatter: 'scatter';
    }>;
    title: z.ZodString;
    question: z.ZodString;
    x: z.ZodObject<
      {
        title: z.ZodString;
        unit: z.ZodEnum<{
          category: 'category';
          count: 'count';
          nines: 'nines';
          ns: 'ns';
          pages: 'pages';
          'per-second': 'per-second';
          ratio: 'ratio';
        }>;
        scale: z.ZodEnum<{
          linear: 'linear';
          log: 'log';
        }>;
      },
      z.core.$strip
    >;
    y: z.ZodObject<
      {
        title: z.ZodString;
        unit: z.ZodEnum<{
          category: 'category';
          count: 'count';
          nines: 'nines';
          ns: 'ns';
          pages: 'pages';
          'per-second': 'per-second';
          ratio: 'ratio';
        }>;
        scale: z.ZodEnum<{
          linear: 'linear';
          log: 'log';
        }>;
      },
      z.core.$strip
    >;
    categories: z.ZodOptional<z.ZodArray<z.ZodString>>;
    series: z.ZodArray<
      z.ZodObject<
        {
          name: z.ZodString;
          strategy: z.ZodOptional<z.ZodNumber>;
          x: z.ZodArray<z.ZodNumber>;
          y: z.ZodArray<z.ZodNullable<z.ZodNumber>>;
        },
        z.core.$strip
      >
    >;
    note: z.ZodOptional<z.ZodString>;
  },
  z.core.$strip
>;
export type ReportChart = z.infer<typeof chartSchema>;
declare const valueSchema: z.ZodObject<
  {
    median: z.ZodNumber;
    low: z.ZodNumber;
    high: z.ZodNumber;
    ratio: z.ZodNullable<z.ZodNumber>;
    ratio_low: z.ZodNullable<z.ZodNumber>;
    ratio_high: z.ZodNullable<z.ZodNumber>;
    holds: z.ZodBoolean;
    samples: z.ZodArray<z.ZodNumber>;
  },
  z.core.$strip
>;
export type ReportValue = z.infer<typeof valueSchema>;
export declare const reportSchema: z.ZodObject<
  {
    format: z.ZodLiteral<'iotlb-report'>;
    version: z.ZodNumber;
    writer: z.ZodString;
    generated_at: z.ZodString;
    title: z.ZodString;
    headline: z.ZodObject<
      {
        text: z.ZodString;
        winner: z.ZodNullable<z.ZodString>;
        details: z.ZodArray<z.ZodString>;
      },
      z.core.$strip
    >;
    trust: z.ZodArray<
      z.ZodObject<
        {
          level: z.ZodEnum<{
            bad: 'bad';
            good: 'good';
            warn: 'warn';
          }>;
          text: z.ZodString;
        },
        z.core.$strip
      >
    >;
    ran_on: z.ZodObject<
      {
        provenance: z.ZodEnum<{
          hardware: 'hardware';
          lab: 'lab';
          null: 'null';
          recording: 'recording';
        }>;
        text: z.ZodString;
        issuer: z.ZodString;
        dialect: z.ZodString;
        pacing: z.ZodString;
      },
      z.core.$strip
    >;
    recording: z.ZodObject<
      {
        name: z.ZodString;
        digest: z.ZodString;
        source: z.ZodString;
        barriers_are: z.ZodString;
        events: z.ZodNumber;
        requests: z.ZodNumber;
        barriers: z.ZodNumber;
        lost: z.ZodNumber;
        duration_ns: z.ZodNumber;
        synthetic: z.ZodOptional<z.ZodString>;
        scrub: z.ZodString;
        requests_per_barrier: z.ZodArray<z.ZodNumber>;
      },
      z.core.$strip
    >;
    metrics: z.ZodArray<
      z.ZodObject<
        {
          id: z.ZodString;
          title: z.ZodString;
          unit: z.ZodEnum<{
            count: 'count';
            ns: 'ns';
            pages: 'pages';
          }>;
          better: z.ZodEnum<{
            higher: 'higher';
            lower: 'lower';
            neither: 'neither';
          }>;
          note: z.ZodString;
        },
        z.core.$strip
      >
    >;
    strategies: z.ZodArray<
      z.ZodObject<
        {
          strategy: z.ZodString;
          verdict: z.ZodEnum<{
            broken: 'broken';
            deferred: 'deferred';
            strict: 'strict';
          }>;
          requests_exposed: z.ZodNumber;
          exposure_page_ns: z.ZodNumber;
          unbounded_exposed: z.ZodNumber;
          online: z.ZodBoolean;
          repeats: z.ZodNumber;
          frontier: z.ZodBoolean;
          plan: z.ZodRecord<z.ZodString, z.ZodNumber>;
          values: z.ZodRecord<
            z.ZodString,
            z.ZodObject<
              {
                median: z.ZodNumber;
                low: z.ZodNumber;
                high: z.ZodNumber;
                ratio: z.ZodNullable<z.ZodNumber>;
                ratio_low: z.ZodNullable<z.ZodNumber>;
                ratio_high: z.ZodNullable<z.ZodNumber>;
                holds: z.ZodBoolean;
                samples: z.ZodArray<z.ZodNumber>;
              },
              z.core.$strip
            >
          >;
        },
        z.core.$strip
      >
    >;
    charts: z.ZodArray<
      z.ZodObject<
        {
          id: z.ZodString;
          kind: z.ZodEnum<{
            bars: 'bars';
            line: 'line';
            percentiles: 'percentiles';
            scatter: 'scatter';
          }>;
          title: z.ZodString;
          question: z.ZodString;
          x: z.ZodObject<
            {
              title: z.ZodString;
              unit: z.ZodEnum<{
                category: 'category';
                count: 'count';
                nines: 'nines';
                ns: 'ns';
                pages: 'pages';
                'per-second': 'per-second';
                ratio: 'ratio';
              }>;
              scale: z.ZodEnum<{
                linear: 'linear';
                log: 'log';
              }>;
            },
            z.core.$strip
          >;
          y: z.ZodObject<
            {
              title: z.ZodString;
              unit: z.ZodEnum<{
                category: 'category';
                count: 'count';
                nines: 'nines';
                ns: 'ns';
                pages: 'pages';
                'per-second': 'per-second';
                ratio: 'ratio';
              }>;
              scale: z.ZodEnum<{
                linear: 'linear';
                log: 'log';
              }>;
            },
            z.core.$strip
          >;
          categories: z.ZodOptional<z.ZodArray<z.ZodString>>;
          series: z.ZodArray<
            z.ZodObject<
              {
                name: z.ZodString;
                strategy: z.ZodOptional<z.ZodNumber>;
                x: z.ZodArray<z.ZodNumber>;
                y: z.ZodArray<z.ZodNullable<z.ZodNumber>>;
              },
              z.core.$strip
            >
          >;
          note: z.ZodOptional<z.ZodString>;
        },
        z.core.$strip
      >
    >;
    environment: z.ZodRecord<
      z.ZodString,
      z.ZodUnion<readonly [z.ZodString, z.ZodNumber, z.ZodBoolean, z.ZodNull]>
    >;
    runs: z.ZodArray<
      z.ZodObject<
        {
          run_id: z.ZodString;
          strategy: z.ZodString;
          repeat: z.ZodNumber;
          started_at: z.ZodString;
          interrupted: z.ZodBoolean;
          lateness_p99_ns: z.ZodNumber;
          drift_ns: z.ZodNumber;
        },
        z.core.$strip
      >
    >;
  },
  z.core.$strip
>;
export type ReportJson = z.infer<typeof reportSchema>;
export type ReportStrategy = ReportJson['strategies'][number];
export {};
