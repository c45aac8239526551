// What a recording says about itself. Parsed by schema at the border, trusted after it.
// Loss and totals live here because every later stage shows them first.

import { z } from 'zod';

export const FORMAT_NAME = 'iotlb-trace';

const count = z.number().int().nonnegative();

/** A pair of readings of two clocks taken together, ns as decimal strings. */
const clockPair = z.object({ at: z.string(), other: z.string(), other_at: z.string() });

export const lossDetailSchema = z.object({
  /** Line of a text source, byte offset of a binary one, or the CPU that lost. */
  at: count,
  unit: z.enum(['line', 'byte', 'cpu', 'event']),
  lost: count,
  reason: z.string(),
  /** Between which events it fell, ns since the recording's start; absent where that is not known. */
  from_ns: z.number().optional(),
  to_ns: z.number().optional(),
});
export type LossDetail = z.infer<typeof lossDetailSchema>;

/** Running totals. seen = kept + lost, always; skipped counts what belongs to other events. */
export const tallySchema = z.object({
  seen: count,
  kept: count,
  lost: count,
  skipped: count,
});
export type Tally = z.infer<typeof tallySchema>;

export const headerSchema = z.object({
  format: z.literal(FORMAT_NAME),
  version: count,
  /** name@version of the program that wrote the file. */
  writer: z.string(),
  source: z.object({
    name: z.string(),
    version: z.string().optional(),
    detail: z.string().optional(),
  }),
  clock: z.object({
    /** realtime, mono, boot, local, tsc, arrival, or unknown. */
    name: z.string(),
    /** Absolute time of offset 0 on that clock, ns as a decimal string. */
    start_ns: z.string(),
    resolution_ns: count,
    pairs: z.array(clockPair).default([]),
  }),
  /** Whether waits were seen, are implied by the stated rule, or are unknown for the reason stated there. */
  barriers: z.enum(['seen', 'implied', 'unknown']),
  barrier_rule: z.string().optional(),
  streams: z.array(z.object({ id: count, name: z.string() })),
  host: z.string().optional(),
  guest: z.string().optional(),
  kernel: z.string().optional(),
  cpu: z.string().optional(),
  iommu: z.string().optional(),
  mode: z.string().optional(),
  command_line: z.string().optional(),
  recorded_at: z.string().optional(),
  scrub: z.string().default('none'),
  /** Set when the recording was not captured but made: by a generator, or by merging. */
  synthetic: z.string().optional(),
  parent: z.object({ name: z.string(), digest: z.string() }).optional(),
  /** Present once sealed. */
  totals: tallySchema.optional(),
});
export type TraceHeader = z.infer<typeof headerSchema>;
