// A whole recording planned: the facts that `plan --json` prints, the verdict, and where wanted the steps
// themselves. Deterministic: the same file and options give the same plan.

import { createHash } from 'node:crypto';

import { ToolError } from '../../collector/base/index.ts';
import type { EventBatch } from '../../collector/model/index.ts';
import type { Dialect } from '../dialects/index.ts';
import type { StrategyChain } from '../strategies/chain.ts';
import { combineVerdicts, type Verdict } from '../verdict/verdict.ts';
import { Planner, type StepSink, type Wanted } from './planner.ts';
import type { RequestSource } from './requests.ts';
import { StepBatch } from '../steps/step-batch.ts';
import { dialectVerdict } from './dialect-verdict.ts';
import { granuleBytes, type StepTally } from './tally.ts';

/** The fields of design 7, and what we add to them. Pages are 4 KiB. */
export interface PlanFacts {
  readonly strategy: string;
  readonly dialect: string;
  /** ioctls; at most so many where `online`. */
  readonly steps: number;
  readonly entries: number;
  readonly requests: number;
  readonly replayable: number;
  readonly not_replayable: Readonly<Record<string, number>>;
  readonly requested_pages: number;
  readonly issued_pages: number;
  readonly widened: number;
  readonly barrier_intervals: number;
  /** Barrier intervals that hold one request: nothing can be merged inside them. */
  readonly single_request_intervals: number;
  readonly hardware_waits: number;
  /** Pages that the dialect leaves out; of `narrowed_unbounded` entries nobody knows how many. */
  readonly narrowed: number;
  readonly narrowed_unbounded: number;
  /** Granule of the guest's tables that ranges are counted in; null where there are several, or no range. */
  readonly granule_bytes: number | null;
  /** The IOMMU of the recording, where the dialect is another vendor's. */
  readonly translated_from?: string;
  readonly verdict: Verdict;
  /** Steps are cut while running, so `steps` is an upper bound. */
  readonly online: boolean;
  readonly parameters: StrategyChain['parameters'];
  /** Pages the kernel's driver makes of the ranged entries; null where its rule is not known. */
  readonly hardware_pages: number | null;
  readonly most_entries: number;
  /** Rows whose time stamp goes backwards; they are due with the row before them. */
  readonly backwards: number;
  readonly streams: number;
}

/** The steps of one stream, ready to be encoded. */
export interface StreamPlan {
  readonly stream: number;
  readonly steps: StepBatch;
}

export interface Plan {
  readonly facts: PlanFacts;
  readonly chain: StrategyChain;
  readonly dialect: Dialect;
  readonly streams: readonly StreamPlan[];
  /** `sha256:…` over every column of every step: two equal plans have equal digests. */
  readonly digest: string;
}

/** Plans without keeping the steps: bounded memory, any size. `sink` sees them as they come. */
export function planFacts(
  batches: Iterable<EventBatch>,
  chain: StrategyChain,
  dialect: Dialect,
  sink?: StepSink,
): PlanFacts {
  return planEach(batches, [{ chain, sink }], dialect)[0];
}

/** The same for several chains, in one pass over the rows. */
export function planEach(
  batches: Iterable<EventBatch>,
  wanted: readonly Wanted[],
  dialect: Dialect,
): readonly PlanFacts[] {
  const planner = new Planner(wanted, dialect);
  for (const batch of batches) planner.push(batch);
  planner.end();
  return wanted.map(({ chain }, i) => factsOf(planner, i, chain, dialect));
}

/** Plans and keeps the steps, for replay. Throws E_BROKEN_PLAN: a broken plan is never replayed. */
export function planTrace(
  batches: Iterable<EventBatch>,
  chain: StrategyChain,
  dialect: Dialect,
): Plan {
  return planTraces(batches, [chain], dialect)[0];
}

/** One plan a chain, from one pass over the rows. Throws E_BROKEN_PLAN. */
export function planTraces(
  batches: Iterable<EventBatch>,
  chains: readonly StrategyChain[],
  dialect: Dialect,
): readonly Plan[] {
  const kept = chains.map(() => new Map<number, StepBatch>());
  const wanted = chains.map((chain, i) => ({ chain, sink: keeperOf(kept[i]) }));
  return planEach(batches, wanted, dialect).map((facts, i) => {
    refuseBroken(facts);
    for (const steps of kept[i].values()) steps.sortFree();
    const streams = [...kept[i]]
      .sort(([a], [b]) => a - b)
      .map(([stream, steps]) => ({ stream, steps }));
    return { facts, chain: chains[i], dialect, streams, digest: digestOf(streams, facts) };
  });
}

function keeperOf(kept: Map<number, StepBatch>): StepSink {
  return (stream, steps) => {
    let all = kept.get(stream);
    if (all === undefined) kept.set(stream, (all = new StepBatch()));
    all.append(steps);
  };
}

/** Throws where the verdict is broken, naming the first request and why. */
export function refuseBroken(facts: PlanFacts): void {
  if (facts.verdict.class !== 'broken') return;
  const first = facts.verdict.broken[0];
  throw new ToolError(
    'E_BROKEN_PLAN',
    `strategy '${facts.strategy}' makes a broken plan: ${facts.verdict.broken_requests} requests, the first is seq ${first.seq}: ${first.reason}. Nothing was issued.`,
    {
      hint: `see it with: iotlb plan RECORDING --strategy '${facts.strategy}' --explain ${Math.max(0, first.seq)}`,
    },
  );
}

/** Throws where pages are left out, unless that was allowed. */
export function refuseNarrowed(facts: PlanFacts, isAllowed: boolean): void {
  if (isAllowed || facts.narrowed + facts.narrowed_unbounded === 0) return;
  const parts = [
    facts.narrowed === 0 ? [] : [`${facts.narrowed} pages`],
    facts.narrowed_unbounded === 0
      ? []
      : [`all but one page of ${facts.narrowed_unbounded} whole domains`],
  ].flat();
  throw new ToolError(
    'E_USAGE',
    `strategy '${facts.strategy}': dialect '${facts.dialect}' leaves out ${parts.join(' and ')}; nothing was issued`,
    { hint: '--allow-narrowed replays it all the same, and every result says what was left out' },
  );
}

/** The facts of the chain that was wanted at place `i`. */
function factsOf(planner: Planner, i: number, chain: StrategyChain, dialect: Dialect): PlanFacts {
  const { streams } = planner;
  const lanes = streams.map((stream) => stream.lanes[i]);
  const sources = streams.map((stream) => stream.source);
  const asked = (pick: (source: RequestSource) => number): number =>
    sources.reduce((total, source) => total + pick(source), 0);
  const sum = (pick: (tally: StepTally) => number): number =>
    lanes.reduce((total, lane) => total + pick(lane.tally), 0);
  const reasons: Record<string, number> = {};
  for (const source of sources) {
    for (const [reason, count] of source.notReplayable)
      reasons[reason] = (reasons[reason] ?? 0) + count;
  }
  return {
    strategy: chain.text,
    dialect: dialect.name,
    steps: sum((tally) => tally.count),
    entries: sum((tally) => tally.entries),
    requests: asked((source) => source.requests),
    replayable: asked((source) => source.replayable),
    not_replayable: reasons,
    requested_pages: asked((source) => source.requestedPages),
    issued_pages: sum((tally) => tally.issuedPages),
    widened: sum((tally) => tally.widened),
    barrier_intervals: asked((source) => source.barrierIntervals),
    single_request_intervals: asked((source) => source.singleIntervals),
    hardware_waits: sum((tally) => tally.hardwareWaits),
    narrowed: sum((tally) => tally.pagesLeftOut),
    narrowed_unbounded: sum((tally) => tally.leftOutUnbounded),
    granule_bytes: granuleBytes(lanes.reduce((bits, { tally }) => bits | tally.granules, 0)),
    ...(dialect.translatedFrom === undefined ? {} : { translated_from: dialect.translatedFrom }),
    verdict: dialectVerdict(
      combineVerdicts(lanes.map((lane) => lane.verdict)),
      lanes.map((lane) => lane.tally),
    ),
    online: chain.online !== undefined,
    parameters: chain.parameters,
    hardware_pages:
      dialect.hardwarePages === undefined ? null : sum((tally) => tally.hardwarePages),
    most_entries: lanes.reduce((most, lane) => Math.max(most, lane.tally.mostEntries), 0),
    backwards: asked((source) => source.backwards),
    streams: streams.length,
  };
}

function digestOf(streams: readonly StreamPlan[], facts: PlanFacts): string {
  return digestOfSteps(streams, `${facts.strategy}\n${facts.dialect}`);
}

/**
 * `sha256:…` over what a plan issues, whatever its strategy is called: two plans that fix every step beforehand
 * and agree in it make the same calls at the same moments and release the same barriers. `withTimes` false leaves
 * the moments out.
 */
export function stepsDigest({ streams, facts }: Plan, withTimes = true): string {
  return digestOfSteps(streams, facts.dialect, withTimes);
}

function digestOfSteps(streams: readonly StreamPlan[], head: string, withTimes = true): string {
  const hash = createHash('sha256');
  hash.update(`${head}\n`);
  for (const { stream, steps } of streams) {
    hash.update(`${stream} ${steps.steps} ${steps.entries} ${steps.releases} ${steps.free}\n`);
    const columns = [
      ...(withTimes ? [steps.dueNs.subarray(0, steps.steps)] : []),
      steps.entryEnd.subarray(0, steps.steps),
      steps.releaseEnd.subarray(0, steps.steps),
      steps.kind.subarray(0, steps.entries),
      steps.scope.subarray(0, steps.entries),
      steps.flags.subarray(0, steps.entries),
      steps.present.subarray(0, steps.entries),
      steps.domainId.subarray(0, steps.entries),
      steps.pasid.subarray(0, steps.entries),
      steps.page.subarray(0, steps.entries),
      steps.pages.subarray(0, steps.entries),
      steps.releaseSeq.subarray(0, steps.releases),
      steps.freeSeq.subarray(0, steps.free),
    ];
    for (const column of columns) {
      hash.update(new Uint8Array(column.buffer, column.byteOffset, column.byteLength));
    }
  }
  return `sha256:${hash.digest('hex')}`;
}
