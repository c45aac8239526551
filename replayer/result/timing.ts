// The timing part of a result's header: how it was paced, what each issuing thread was and saw, and the
// replay's verdict on itself. Owns the schema and the one function that fills it.

import { z } from 'zod';

import { HOLE_CAUSES, type HoleCause } from '../loop/holes.ts';
import type { RunOutcome, StreamRun } from '../loop/run.ts';
import type { Pacing } from '../loop/schedule.ts';
import type { Cut } from '../planner/cut.ts';
import { FIDELITY_CLASSES, judgeFidelity } from './fidelity.ts';
import type { ReplaySummary } from './summary.ts';

const noiseSchema = z.object({
  span_ns: z.number(),
  reads: z.number(),
  share_over_1us: z.number(),
  share_over_10us: z.number(),
  share_over_100us: z.number(),
  gaps_over_10us: z.number(),
  longest_gap_ns: z.number(),
});

const threadSchema = z.object({
  stream: z.number(),
  policy: z.enum(['fifo', 'other']),
  priority: z.number(),
  /** Pinned to; null where the scheduler chose. */
  cpu: z.number().nullable(),
  timer_slack_ns: z.number().nullable(),
  noise_before: noiseSchema.nullable(),
  noise_after: noiseSchema.nullable(),
  /** Absent in results written before it was counted. */
  cpu_time: z.object({ user_ns: z.number(), system_ns: z.number() }).optional(),
  collections: z.number(),
  sleeps: z.number(),
  slept_ns: z.number(),
  rests: z.number(),
  lead_ns: z.number(),
  holes: z.array(
    z.object({
      at_ns: z.number(),
      length_ns: z.number(),
      cause: z.enum(Object.keys(HOLE_CAUSES) as [HoleCause, ...HoleCause[]]),
    }),
  ),
});

export const timingSchema = z.object({
  pacing: z.object({
    kind: z.enum(['recorded', 'closed-loop', 'rate', 'asap']),
    speed: z.number().nullable(),
    per_second: z.number().nullable(),
    begin_ns: z.number().nullable(),
    end_ns: z.number().nullable(),
    limit: z.number().nullable(),
    loop: z.number(),
    /** Longest idle stretch kept, and what was left out of the recording's time because of it. */
    max_gap_ns: z.number().nullable(),
    idle_removed_ns: z.number(),
  }),
  streams_per_cpu: z.number(),
  /** Garbage collections of the issuing threads between their first step and their last. */
  collections: z.number(),
  threads: z.array(threadSchema),
  fidelity: z.object({
    class: z.enum(FIDELITY_CLASSES),
    text: z.string(),
    noise_share_over_10us: z.number().nullable(),
    noise_longest_gap_ns: z.number().nullable(),
  }),
});
export type Timing = z.infer<typeof timingSchema>;

export interface TimingInput {
  readonly outcome: RunOutcome;
  readonly summary: ReplaySummary;
  readonly pacing: Pacing;
  readonly cut: Cut;
  readonly maxGapNs: number | undefined;
}

export function timingOf({ outcome, summary, pacing, cut, maxGapNs }: TimingInput): Timing {
  const { streams, schedules } = outcome;
  const reports = streams.map((run) => run.report);
  return {
    pacing: {
      kind: pacing.kind,
      speed: 'speed' in pacing ? pacing.speed : null,
      per_second: 'perSecond' in pacing ? pacing.perSecond : null,
      begin_ns: finite(cut.beginNs),
      end_ns: finite(cut.endNs),
      limit: finite(cut.limit),
      loop: schedules.passes,
      max_gap_ns: maxGapNs ?? null,
      idle_removed_ns: schedules.idleRemovedNs,
    },
    streams_per_cpu: outcome.streamsPerCpu,
    collections: reports.reduce((sum, report) => sum + report.collections, 0),
    threads: streams.map(threadOf),
    fidelity: judgeFidelity({
      summary,
      floors: reports
        .flatMap((report) => [report.noise_before, report.noise_after])
        .filter((floor) => floor !== null),
      holes: streams.flatMap((run) => run.holes),
      isAsap: pacing.kind === 'asap',
    }),
  };
}

function threadOf({ stream, report, holes }: StreamRun): Timing['threads'][number] {
  const { state, ...seen } = report;
  return { stream, ...state, ...seen, holes: [...holes] };
}

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);
