// How fast plans are made and judged, on one core: each strategy beside its slow reference in one run, so
// that the ratio means something on a noisy machine. `run()` returns rows and prints nothing.

import { ToolError } from '../../collector/base/index.ts';
import {
  EventBuilder,
  FLAG,
  KIND,
  PRESENT,
  SCOPE,
  batchOf,
  type EventBatch,
} from '../../collector/model/index.ts';
import { dialects } from '../../replayer/dialects/index.ts';
import { StepBatch } from '../../replayer/planner/index.ts';
import { RequestSource } from '../../replayer/planner/requests.ts';
import { parseChain, type StrategyChain } from '../../replayer/strategies/chain.ts';
import { strategies } from '../../replayer/strategies/index.ts';
import { presets } from '../../replayer/strategies/presets.ts';
import { AskedRows } from '../../replayer/verdict/asked-rows.ts';
import { StreamVerdict } from '../../replayer/verdict/verdict.ts';
import { referenceChains, requestsOf } from '../replayer/reference/strategies.ts';
import { rowsOf } from '../replayer/fixtures.ts';
import type { BenchOptions } from './bench.ts';
import { longPlans } from './long-plans.ts';

export interface BenchRow {
  readonly name: string;
  /** The median of the rounds, where there are several. */
  readonly value: number;
  /** The best of them: what is left when nothing else runs on a shared machine. */
  readonly best?: number;
  readonly unit: string;
}

/** As many rows as the planner moves on at once. */
const BATCH = 4096;
const REFERENCE_ROWS = 4096;
const ROUNDS = 5;

/** What a guest's stream looks like. */
interface Shape {
  /** As --part names it. */
  readonly part: string;
  readonly name: string;
  readonly perBarrier: number;
  /** Pages of a range: a power of two up to 8, as a driver's descriptors, or anything up to 4,096. */
  readonly areLarge: boolean;
}

const SHAPES: readonly Shape[] = [
  { part: 'strict', name: 'strict guest', perBarrier: 1, areLarge: false },
  { part: '16', name: '16 to a barrier', perBarrier: 16, areLarge: false },
  { part: '500', name: '500 to a barrier', perBarrier: 500, areLarge: false },
  { part: 'large', name: 'large ranges', perBarrier: 1, areLarge: true },
  { part: 'large-16', name: 'large ranges, 16 to a barrier', perBarrier: 16, areLarge: true },
];

const vtd = dialects.get('hwpt-vtd-s1');

/** Requests that walk through addresses, 1 µs apart. */
function* madeBatches(
  requests: number,
  { perBarrier, areLarge }: Shape,
): Generator<EventBatch, void, void> {
  const out = new EventBuilder(BATCH);
  let state = 1;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 8) % below;
  };
  let page = 0;
  for (let i = 0, now = 0; i < requests; i++, now += 1000) {
    const row = out.next(now, 0);
    out.kind[row] = KIND.iotlb;
    out.scope[row] = SCOPE.pasid | SCOPE.vaddr;
    out.flags[row] = FLAG.leaf;
    out.present[row] = PRESENT.domainId | PRESENT.pasid | PRESENT.range;
    out.domainId[row] = 1 + random(4);
    out.pasid[row] = 0;
    page = random(4) === 0 ? random(1 << 20) : page + 1;
    out.page[row] = page;
    out.pages[row] = areLarge ? 1 + random(1 << random(13)) : 1 << random(4);
    if ((i + 1) % perBarrier === 0) {
      const wait = out.next(now + 500, 0);
      out.kind[wait] = KIND.barrier;
    }
    if (out.count >= BATCH - 1) {
      yield out;
      out.clear();
    }
  }
  if (out.count > 0) yield out;
}

/** The same recording held in memory, so that making it is not measured. */
function heldBatches(requests: number, shape: Shape): EventBatch[] {
  const held: EventBatch[] = [];
  for (const batch of madeBatches(requests, shape)) {
    const { firstSeq, count, present } = batch;
    const rows = { firstSeq, count, present: present.slice(0, count) };
    held.push(
      batchOf(rows, ({ field, type }) => batch[field].slice(0, type === 'words' ? 0 : count)),
    );
  }
  return held;
}

/** Processor time of this process: a neighbour's load must not count as ours. */
function seconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}

function rate(rounds: readonly number[]): { readonly value: number; readonly best: number } {
  return { value: median(rounds), best: Math.max(...rounds) };
}

function timed(work: () => void): number {
  const start = seconds();
  work();
  return seconds() - start;
}

/** The strategy alone: rows to steps through the chain, neither tallied nor judged. */
function strategyOnly(batches: readonly EventBatch[], chain: StrategyChain): void {
  const stages = chain.stages.map((stage) => stage.open());
  const buffers = [new StepBatch(), ...stages.map(() => new StepBatch())];
  const source = new RequestSource(vtd);
  const flow = (ended: boolean): void => {
    stages.forEach((stage, i) => {
      stage.push(buffers[i], buffers[i + 1]);
      buffers[i].dropCommitted();
      if (ended) stage.end(buffers[i + 1]);
    });
    buffers[buffers.length - 1].dropCommitted();
  };
  for (const batch of batches) {
    for (let row = 0; row < batch.count; row++) source.take(batch, row, buffers[0]);
    flow(false);
  }
  source.end(buffers[0]);
  flow(true);
}

/** The verdict alone, on steps that were made beforehand. */
function verdictOnly(batches: readonly EventBatch[], plans: readonly StepBatch[]): void {
  const rows = new AskedRows();
  const verdict = new StreamVerdict(rows);
  batches.forEach((batch, i) => {
    for (let row = 0; row < batch.count; row++)
      rows.ask(batch, row, batch.kind[row] === KIND.iotlb);
    verdict.steps(plans[i]);
    rows.forget([verdict]);
  });
  verdict.steps(plans[batches.length]);
  verdict.end();
}

/** The steps that a chain commits after each batch, and at the end. */
function plansOf(batches: readonly EventBatch[], chain: StrategyChain): StepBatch[] {
  const stages = chain.stages.map((stage) => stage.open());
  const buffers = [new StepBatch(), ...stages.map(() => new StepBatch())];
  const source = new RequestSource(vtd);
  const take = (ended: boolean): StepBatch => {
    stages.forEach((stage, i) => {
      stage.push(buffers[i], buffers[i + 1]);
      buffers[i].dropCommitted();
      if (ended) stage.end(buffers[i + 1]);
    });
    const out = buffers[buffers.length - 1];
    const kept = new StepBatch();
    const free = out.free;
    kept.appendSteps(out, 0, out.steps);
    for (let i = 0; i < free; i++) kept.addFree(out.freeSeq[i], out.freeTNs[i]);
    out.dropCommitted();
    return kept;
  };
  const plans = batches.map((batch) => {
    for (let row = 0; row < batch.count; row++) source.take(batch, row, buffers[0]);
    return take(false);
  });
  source.end(buffers[0]);
  plans.push(take(true));
  return plans;
}

const chains = [
  ...strategies.names,
  ...presets.entries.map(({ chain }) => chain).filter((chain) => !strategies.names.includes(chain)),
  'window+adjacent',
  'window+aligned',
  'window:us=100,max=64+promote',
  'aligned+drain',
];

/** Rates of one chain in one round, requests a second. */
function round(
  batches: readonly EventBatch[],
  few: ReturnType<typeof rowsOf>,
  text: string,
  requests: number,
): {
  readonly plan: number;
  readonly verdict: number;
  readonly slow: number;
  readonly entries: number;
} {
  const chain = parseChain(text);
  const plan = requests / timed(() => strategyOnly(batches, chain));
  const plans = plansOf(batches, chain);
  const verdict = requests / timed(() => verdictOnly(batches, plans));
  const reference = referenceChains[text];
  const asked = requestsOf(few);
  const slow =
    reference === undefined
      ? Number.NaN
      : asked.steps.length / timed(() => reference(requestsOf(few)));
  const entries = plans.reduce((sum, steps) => sum + steps.entries, 0);
  return { plan, verdict, slow, entries };
}

const LONG = 'long';

export async function run({ parts, only, rounds }: BenchOptions): Promise<readonly BenchRow[]> {
  const requests = 1_000_000;
  const known = [...SHAPES.map(({ part }) => part), LONG];
  const unknown = parts?.find((part) => !known.includes(part));
  if (unknown !== undefined) {
    throw new ToolError('E_UNKNOWN_NAME', `unknown part '${unknown}'`, {
      hint: `known: ${known.join(' ')}`,
    });
  }
  const wanted = (part: string): boolean => parts === undefined || parts.includes(part);
  const out: BenchRow[] = [];
  for (const shape of SHAPES.filter(({ part }) => wanted(part))) {
    const batches = heldBatches(requests, shape);
    const few = heldBatches(REFERENCE_ROWS, shape).flatMap(rowsOf);
    for (const text of only ?? chains) {
      round(batches, few, text, requests); // warm
      const done = Array.from({ length: rounds ?? ROUNDS }, () =>
        round(batches, few, text, requests),
      );
      const name = `${text}, ${shape.name}`;
      const plans = done.map((one) => one.plan);
      const plan = rate(plans);
      out.push({ name: `plan ${name}`, ...plan, unit: 'requests/s' });
      // Where a request becomes several entries, those are what takes the time.
      const { entries } = done[0];
      if (entries > requests) {
        const perEntry = rate(plans.map((one) => (one * entries) / requests));
        out.push({ name: `plan ${name}`, ...perEntry, unit: 'entries/s' });
      }
      out.push({
        name: `verdict ${name}`,
        ...rate(done.map((one) => one.verdict)),
        unit: 'requests/s',
      });
      const ratio = median(done.map((one) => one.plan / one.slow));
      if (!Number.isNaN(ratio))
        out.push({ name: `plan ${name}, against the slow reference`, value: ratio, unit: 'x' });
    }
  }
  return wanted(LONG) ? [...out, ...longPlans()] : out;
}
