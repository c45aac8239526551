// What a result file says about itself, parsed by schema where files come in. Changes: CHANGELOG.md.

import { z } from 'zod';

import { PROVENANCES } from '../issuers/issuer.ts';
import { VERDICT_CLASSES } from '../planner/index.ts';
import { environmentSchema } from './environment.ts';
import { timingSchema } from './timing.ts';

export const RESULT_FORMAT = 'iotlb-result';
export const RESULT_VERSION = 2;
export const RESULT_HEADER_KEY = 'iotlb.result';

const ns = z.number();
/** Null where too few samples lie beyond it to say (design 12). */
const rank = ns.nullable();
export const percentilesSchema = z.object({
  p50: rank,
  p90: rank,
  p99: rank,
  p999: rank,
  max: rank,
});

export const provenanceSchema = z.enum(PROVENANCES);

export const resultHeaderSchema = z.object({
  format: z.literal(RESULT_FORMAT),
  version: z.number(),
  writer: z.string(),
  /** Identifies this run everywhere: file, store, report. */
  run_id: z.string(),
  /** Runs that were compared with each other share one. */
  comparison_id: z.string(),
  repeat: z.number(),
  /** 1 for the second arm of a comparison's baseline. */
  arm: z.number().default(0),
  /** Rounds at which a comparison that stops when it is precise enough looked first; absent where their number was fixed. */
  looks_from: z.number().optional(),
  /** Strategies whose plan is identical: they were not replayed apart. */
  same_as: z.array(z.string()).default([]),
  started_at: z.string(),
  trace: z.object({
    name: z.string(),
    digest: z.string(),
    events: z.number(),
    lost: z.number(),
    source: z.string(),
    barriers: z.string(),
    /** Where the recording's clock was set, in words: the time between these rows is not known. */
    clock_steps: z.array(z.string()).optional(),
    synthetic: z.string().optional(),
    scrub: z.string(),
  }),
  plan_digest: z.string(),
  issuer: z.string(),
  provenance: provenanceSchema,
  issuer_description: z.string(),
  pacing: z.string(),
  fanout: z.number(),
  interrupted: z.boolean(),
  stopped: z.boolean(),
  free_barriers: z.number(),
  plan: z.looseObject({
    strategy: z.string(),
    dialect: z.string(),
    steps: z.number(),
    entries: z.number(),
    requests: z.number(),
    replayable: z.number(),
    requested_pages: z.number(),
    issued_pages: z.number(),
    widened: z.number(),
    barrier_intervals: z.number(),
    hardware_waits: z.number(),
    online: z.boolean(),
    /** It holds barriers back: in the closed loop its calls depend on the replay. */
    holds_back: z.boolean().optional(),
    verdict: z.looseObject({
      class: z.enum(VERDICT_CLASSES),
      requests_exposed: z.number(),
      exposure_page_ns: z.number(),
      unbounded_exposed: z.number(),
    }),
  }),
  summary: z.looseObject({
    asked_ns: ns,
    achieved_ns: ns,
    drift_ns: ns,
    errors: z.record(z.string(), z.number()),
    lateness_ns: percentilesSchema,
    own_lateness_ns: percentilesSchema.optional(),
    own_drift_ns: ns.optional(),
    shared_lateness_ns: percentilesSchema.optional(),
    shared_steps: z.number().optional(),
    behind_late: z.number().optional(),
    /** Of the closed loop (design 13). */
    stall_total_ns: ns.optional(),
    guest_time_ns: ns.optional(),
    guest_span_ns: ns.optional(),
    waiters: z.number().optional(),
    backlogged: z.number().optional(),
    share_over_1us: z.number().optional(),
    share_over_10us: z.number().optional(),
    share_over_100us: z.number().optional(),
    service_ns: percentilesSchema,
    response_ns: percentilesSchema,
    stall_ns: percentilesSchema,
    service_total_ns: ns,
    ioctls: z.number(),
    issued_entries: z.number(),
    entries_done: z.number(),
  }),
  /** Absent in results written before there was a verdict on timing. */
  timing: timingSchema.optional(),
  environment: environmentSchema,
});
export type ResultHeader = z.infer<typeof resultHeaderSchema>;
