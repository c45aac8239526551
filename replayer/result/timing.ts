// The timing part of a result's header: how it was paced, what each issuing thread was and saw, and the
// replay's verdict on itself. Owns the schema and the one function that fills it.

import { z } from 'zod';

import { GAP_CAUSE_NAMES } from '../loop/gaps.ts';
import type { RunOutcome, ThreadReport } from '../loop/run.ts';
import type { Pacing } from '../loop/schedule.ts';
import { THREAD_CLASSES } from '../loop/thread-class.ts';
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
  /** Streams that it issued, in due order. */
  streams: z.array(z.number()),
  class: z.enum(THREAD_CLASSES),
  /** Why it was not a better class; null where it was the best, or the one asked for. */
  instead: z.string().nullable(),
  priority: z.number(),
  /** Pinned to; null where the scheduler chose. */
  cpu: z.number().nullable(),
  timer_slack_ns: z.number().nullable(),
  noise_before: noiseSchema.nullable(),
  noise_after: noiseSchema.nullable(),
  /** Null in results written before it was counted. */
  cpu_time: z.object({ user_ns: z.number(), system_ns: z.number() }).nullable(),
  sleeps: z.number(),
  slept_ns: z.number(),
  lead_ns: z.number(),
  /** Gaps over 1 ms; the first thousand of `gap_count`. In results of version 1, over 40 ms. */
  gaps: z.array(
    z.object({
      at_ns: z.number(),
      length_ns: z.number(),
      cause: z.enum(GAP_CAUSE_NAMES),
      stream: z.number(),
    }),
  ),
  gap_count: z.number(),
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
  /** Which issue loop ran: the native one, or the plain one in JavaScript, which is less punctual. */
  loop: z.enum(['native', 'javascript']),
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
  const { threads, schedules } = outcome;
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
    loop: outcome.loop,
    threads: threads.map(threadOf),
    fidelity: judgeFidelity({
      summary,
      floors: threads
        .flatMap((report) => [report.noise_before, report.noise_after])
        .filter((floor) => floor !== null),
      gaps: threads.flatMap((report) => report.gaps),
      isAsap: pacing.kind === 'asap',
    }),
  };
}

function threadOf({ state, streams, gaps, ...seen }: ThreadReport): Timing['threads'][number] {
  return { ...state, ...seen, streams: [...streams], gaps: [...gaps] };
}

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);
