// One replay from start to result: plan in hand, issuer opened, loop run, rows and header made. What
// `replay`, `compare` and `demo` share.

import { randomUUID } from 'node:crypto';
import { basename } from 'node:path';

import type { EventBatch } from '../../collector/model/index.ts';
import { TOOL, ToolError } from '../../collector/base/index.ts';
import { fileDigest, openTrace } from '../../collector/format/index.ts';
import { clockStepTexts } from '../../collector/model/index.ts';
import { requireCarries } from '../issuers/carries.ts';
import type { Issuer } from '../issuers/index.ts';
import type { IssuerOptions, IssuerSession } from '../issuers/issuer.ts';
import type { Gap } from '../loop/gaps.ts';
import type { ClosedPlan } from '../loop/closed-plan.ts';
import { runPlan, type RunOptions, type RunOutcome, type StreamRun } from '../loop/run.ts';
import { pacingText } from '../loop/schedule.ts';
import { WHOLE, cutBatches, type Cut } from '../planner/cut.ts';
import { planTraces, refuseUnknownWaits, verdictOf, type Plan } from '../planner/index.ts';
import type { Dialect } from '../dialects/index.ts';
import { holds } from '../strategies/grouping.ts';
import type { StrategyChain } from '../strategies/chain.ts';
import { readEnvironment } from './environment.ts';
import { RESULT_FORMAT, RESULT_VERSION, type ResultHeader } from './header.ts';
import { closedRows, guestTotals } from './closed-rows.ts';
import { runRows, type RunRows } from './run-rows.ts';
import { summarise } from './summary.ts';
import { timingOf } from './timing.ts';

/** What a result says of the recording that it replayed. */
export type TraceFacts = ResultHeader['trace'];

export interface PlannedTrace {
  readonly plan: Plan;
  readonly trace: TraceFacts;
  readonly cut: Cut;
  /** Set where it is replayed in the closed loop. */
  readonly closed?: ClosedPlan | undefined;
}

/**
 * Plans the recording at `path`, or the part of it in `cut`, under several strategies, and keeps the steps. The
 * file is read, checked and hashed once; `watch` sees every batch. Throws ToolError, also for a broken plan.
 */
export function planRecordings(
  path: string,
  chains: readonly StrategyChain[],
  dialect: Dialect,
  cut: Cut = WHOLE,
  watch?: (batch: EventBatch) => void,
): readonly PlannedTrace[] {
  using reader = openTrace(path, { words: dialect.readsWords });
  refuseUnknownWaits(path, reader.header, chains);
  const judged = planTraces(watched(cutBatches(reader.batches(), cut), watch), chains, dialect);
  const { header, end } = reader;
  const plans = judged.map((plan) => ({
    ...plan,
    facts: { ...plan.facts, verdict: verdictOf(plan.facts.verdict, header) },
  }));
  if (plans.some(({ facts }) => facts.replayable === 0)) throw nothingIn(plans[0], path, cut);
  const trace: TraceFacts = {
    name: basename(path),
    digest: fileDigest(path),
    events: end?.events ?? 0,
    lost: end?.tally.lost ?? 0,
    source: header.source.name,
    barriers: header.barriers,
    ...(header.clock_steps.length === 0 ? {} : { clock_steps: [...clockStepTexts(header)] }),
    ...(header.synthetic === undefined ? {} : { synthetic: header.synthetic }),
    scrub: header.scrub,
  };
  return plans.map((plan) => ({ plan, cut, trace }));
}

function* watched(
  batches: Iterable<EventBatch>,
  watch: ((batch: EventBatch) => void) | undefined,
): Generator<EventBatch> {
  for (const batch of batches) {
    watch?.(batch);
    yield batch;
  }
}

function nothingIn({ facts }: Plan, path: string, cut: Cut): ToolError {
  const reasons = Object.entries(facts.not_replayable).map(([why, count]) => `${count} × ${why}`);
  return new ToolError(
    'E_EMPTY',
    `${path}: holds no request${cut === WHOLE ? '' : ' in the part asked for'} that dialect '${facts.dialect}' can replay; nothing was issued`,
    {
      hint:
        reasons.length === 0
          ? 'it holds barriers only: iotlb info shows what is in it'
          : `${reasons.join('; ')}. Without --dialect the one is taken that the recording's IOMMU speaks`,
    },
  );
}

export interface ReplayOptions extends RunOptions {
  readonly issuer: Issuer;
  readonly issuerOptions: IssuerOptions;
  readonly comparisonId: string;
  readonly repeat: number;
  /** 1 for the second arm of a comparison's baseline. */
  readonly arm?: number;
  /** Strategies whose plan is identical. */
  readonly sameAs?: readonly string[];
  /** Rounds at the first look of a comparison that stops early. */
  readonly looksFrom?: number | undefined;
}

export interface Replay {
  readonly header: ResultHeader;
  readonly streams: readonly RunRows[];
}

/** Replays a planned recording. The issuer's objects are freed whatever happens. Throws ToolError. */
export async function replay(planned: PlannedTrace, options: ReplayOptions): Promise<Replay> {
  const { plan, trace, cut } = planned;
  const { issuer } = options;
  requireCarries(issuer, plan.dialect);
  const environment = readEnvironment();
  const session = issuer.open(plan.dialect, options.issuerOptions);
  try {
    const startedAt = new Date().toISOString();
    const outcome = await runPlan(plan, session, { ...options, closed: planned.closed });
    const streams = outcome.streams.map((run) => rowsOf(run, outcome, plan, session));
    const summary = summarise(streams);
    const { pacing, maxGapNs } = options;
    const header: ResultHeader = {
      format: RESULT_FORMAT,
      version: RESULT_VERSION,
      writer: TOOL.id,
      run_id: randomUUID(),
      comparison_id: options.comparisonId,
      repeat: options.repeat,
      arm: options.arm ?? 0,
      same_as: [...(options.sameAs ?? [])],
      ...(options.looksFrom === undefined ? {} : { looks_from: options.looksFrom }),
      started_at: startedAt,
      trace,
      plan_digest: plan.digest,
      issuer: issuer.name,
      provenance: session.provenance,
      issuer_description: session.description,
      pacing: pacingText(pacing),
      fanout: outcome.streams.reduce((sum, run) => sum + run.fanout, 0),
      interrupted: outcome.interrupted,
      stopped: outcome.stopped,
      free_barriers: streams.reduce((sum, rows) => sum + rows.freeBarriers, 0),
      plan: {
        ...plan.facts,
        holds_back: holds(plan.chain.grouping),
        verdict: { ...plan.facts.verdict },
      },
      summary: {
        ...summary,
        ...(outcome.closed.length === 0 ? {} : guestTotals(outcome.closed)),
      },
      timing: timingOf({ outcome, summary, pacing, cut, maxGapNs }),
      environment,
    };
    return { header, streams };
  } finally {
    session.close();
  }
}

function rowsOf(
  run: StreamRun,
  outcome: RunOutcome,
  { dialect }: Plan,
  session: IssuerSession,
): RunRows {
  const gaps = gapsOf(outcome, run.stream);
  const closed = outcome.closed.find(({ streams }) => streams.includes(run.stream));
  return closed === undefined
    ? runRows(run, gaps, dialect, session)
    : closedRows(run, closed, gaps, dialect, session);
}

/** Gaps of the thread that issued `stream`. */
function gapsOf({ threads }: RunOutcome, stream: number): readonly Gap[] {
  return threads.find((thread) => thread.streams.includes(stream))?.gaps ?? [];
}

/** The fields of `replay --json`: the plan's, and what the run added (design 7). */
export function replayDocument(header: ResultHeader): object {
  const { plan, summary, environment, format: _, ...rest } = header;
  return { ...plan, ...summary, ...rest, environment };
}
