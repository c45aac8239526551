// What a recording says about itself, in the newest version of the format. Parsed by schema when a file is
// opened (older versions are upgraded before: upgrade.ts), trusted after that.
// Loss and totals live here because every later stage shows them first.

import { z } from 'zod';

import { FORMAT_VERSION } from './columns.ts';

export const FORMAT_NAME = 'iotlb-trace';

const count = z.number().int().nonnegative();

/** A pair of readings of two clocks taken together, ns as decimal strings. */
export const clockPair = z.object({ at: z.string(), other: z.string(), other_at: z.string() });

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

/** What kind of IOMMU a guest talks to; it decides which kernel interface can replay the recording. */
export const FAMILIES = ['vtd', 'smmuv3', 'virtio-iommu', 'amdvi', 'riscv', 'unknown'] as const;
export type Family = (typeof FAMILIES)[number];

/** One virtual IOMMU. Domains, PASIDs and sources are unique inside it, never across. */
const viommuSchema = z.object({
  index: count,
  vm: count,
  family: z.enum(FAMILIES),
  /** For people, such as "Intel VT-d (emulated by QEMU)". */
  name: z.string(),
});
export type Viommu = z.infer<typeof viommuSchema>;

/** One ordered queue of one vIOMMU, whoever's thread carried its requests. */
const streamSchema = z.object({
  index: count,
  vm: count,
  /** Index into `viommus`. */
  viommu: count,
  /** Number of the queue inside its vIOMMU. */
  queue: count,
  name: z.string(),
});
export type Stream = z.infer<typeof streamSchema>;

/** Who stands still until a barrier is released (design 13), and what told so. */
const waiterSchema = z.object({
  index: count,
  vm: count,
  name: z.string(),
  from: z.enum(['thread', 'cpu', 'stated', 'unknown']),
});
export type Waiter = z.infer<typeof waiterSchema>;

/** Which part of a rotated recording a file is: parts follow each other without a gap. */
const partSchema = z.object({
  /** The same in all parts of one recording, and in no other. */
  id: z.string(),
  /** From 1. */
  number: z.number().int().positive(),
  /** Rows of the parts before it. */
  first_seq: count,
  /** Between which times its rows were taken, ns from the recording's start; an end once sealed. */
  begin_ns: z.number(),
  end_ns: z.number().optional(),
  /** Set on the last part, once sealed. */
  last: z.boolean().optional(),
});

export const headerSchema = z.object({
  format: z.literal(FORMAT_NAME),
  version: z.literal(FORMAT_VERSION),
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
  /** Where the clock was set while it was recorded: row `after_seq` is the last before it. */
  clock_steps: z
    .array(z.object({ after_seq: count, from_ns: z.number(), to_ns: z.number(), why: z.string() }))
    .default([]),
  /** Whether waits were seen, are implied by the stated rule, or are unknown for the reason stated there. */
  barriers: z.enum(['seen', 'implied', 'unknown']),
  barrier_rule: z.string().optional(),
  /**
   * What `t_ns` of a request is the time of: the guest's entry into its flush, the exit to the VMM, or the
   * moment after the locks of guest and VMM were had (time spent waiting for them is then booked as thinking).
   */
  arrivals: z.enum(['entry', 'exit', 'after-lock', 'unknown']),
  streams: z.array(streamSchema),
  viommus: z.array(viommuSchema),
  /** Empty where nothing tells who waits: then a stream is one waiter. */
  waiters: z.array(waiterSchema),
  /** The family of all vIOMMUs, `mixed` where they differ; and their names. */
  iommu: z.object({ family: z.enum([...FAMILIES, 'mixed']), name: z.string() }),
  devices: z
    .array(z.object({ viommu: count, source_id: count, name: z.string().optional() }))
    .default([]),
  hosts: z
    .array(
      z.object({
        machine: z.string(),
        kernel: z.string().optional(),
        cpu: z.string().optional(),
        vmm: z.string().optional(),
      }),
    )
    .default([]),
  guest: z.string().optional(),
  /** Of the traced kernel. */
  kernel: z.string().optional(),
  /** How the guest flushes, where that is known. */
  mode: z.enum(['strict', 'lazy']).optional(),
  /** Texts of the rows of kind `mark`. */
  marks: z.array(z.object({ seq: count, text: z.string() })).default([]),
  parts: partSchema.optional(),
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
