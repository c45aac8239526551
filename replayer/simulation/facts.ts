// What `plan` says of a strategy in the closed loop: the facts of its plan, with what only the run can tell.

import { dialectVerdict } from '../planner/dialect-verdict.ts';
import type { PlanFacts } from '../planner/index.ts';
import type { Possible } from '../verdict/run-check.ts';
import type { LoopRun } from './loop-run.ts';

/** The fields of design §13. Times in ns. */
export interface LoopFacts {
  /** System calls: one per step and target. */
  readonly calls: number;
  readonly pacing: 'closed-loop' | 'recorded';
  readonly waiters: number;
  readonly doorbells: number;
  /** Barriers that the guest waited for. */
  readonly waits: number;
  readonly serial: string;
  readonly service: string;
  /** Σ over waiters, last release − first arrival. At most: think time includes idle, which absorbs stall. */
  readonly guest_time_ns: number;
  readonly guest_span_ns: number;
  /** Σ over barriers, release − doorbell: time that guest CPUs burn. */
  readonly stall_total_ns: number;
  /** Σ of the calls' own times. */
  readonly service_total_ns: number;
  readonly possible: Possible;
}

export function loopFacts(
  plan: PlanFacts,
  run: LoopRun,
  of: { readonly waiters: number; readonly serial: string; readonly service: string },
): PlanFacts & LoopFacts {
  const { totals, possible, issued } = run;
  return {
    ...plan,
    ...(issued === undefined ? {} : issuedFacts(plan, run, issued)),
    calls: totals.calls,
    pacing: 'closed-loop',
    waiters: of.waiters,
    doorbells: totals.doorbells,
    waits: totals.barriers,
    serial: of.serial,
    service: of.service,
    guest_time_ns: totals.guestNs,
    guest_span_ns: totals.spanNs,
    stall_total_ns: totals.stallNs,
    service_total_ns: totals.serviceNs,
    possible,
  };
}

/** What was issued, where only the run decides it. */
function issuedFacts(
  plan: PlanFacts,
  { totals }: LoopRun,
  { tally, check }: NonNullable<LoopRun['issued']>,
): Partial<PlanFacts> {
  return {
    steps: totals.groups,
    entries: tally.entries,
    issued_pages: tally.issuedPages,
    widened: tally.widened,
    hardware_waits: tally.hardwareWaits,
    hardware_pages: plan.hardware_pages === null ? null : tally.hardwarePages,
    most_entries: tally.mostEntries,
    online: false,
    narrowed: tally.pagesLeftOut,
    narrowed_unbounded: tally.leftOutUnbounded,
    verdict: dialectVerdict(
      {
        class: check.verdictClass,
        requests_exposed: check.requestsExposed,
        exposure_page_ns: check.exposurePageNs,
        unbounded_exposed: check.unboundedExposed,
        broken: check.brokenNamed,
        broken_requests: check.broken,
      },
      [tally],
    ),
  };
}
