// One pass over a recording for all strategies of `iotlb plan`: their plans on recorded times, and then each
// of them in the closed loop.

import { formatCount, parseCount, type Terminal } from '../../collector/base/index.ts';
import { openTrace } from '../../collector/format/index.ts';
import { clockStepTexts, type EventBatch } from '../../collector/model/index.ts';
import { Submissions } from '../closed-loop/submissions.ts';
import type { Dialect } from '../dialects/index.ts';
import type { CostModel } from '../model/cost-model.ts';
import {
  planEach,
  refuseUnknownWaits,
  unknownWaits,
  verdictOf,
  type PlanFacts,
} from '../planner/index.ts';
import { loopFacts, type LoopFacts } from '../simulation/facts.ts';
import { runLoop } from '../simulation/loop-run.ts';
import { LoopRowSource } from '../closed-loop/loop-rows.ts';
import { loopOptions, type GivenOptions, type LoopFlags } from '../closed-loop/flags.ts';
import { OpenLoopChecks } from '../simulation/open-loop.ts';
import { Predictor, type Prediction } from '../simulation/predict.ts';
import { DEFAULT_SERVICE, fittedService, openService } from '../simulation/service.ts';
import { waiterNumbers } from '../closed-loop/waiters.ts';
import { parseChain, type StrategyChain } from '../strategies/chain.ts';
import { holds } from '../strategies/grouping.ts';

export interface PassOptions {
  readonly dialect: Dialect;
  readonly model: CostModel | undefined;
  readonly flags: LoopFlags & { readonly openLoop: boolean; readonly service?: string };
  readonly terminal: Terminal;
}

/** A plan's facts, and what a replay of it would measure where a model is given. */
export interface Planned {
  readonly facts: PlanFacts & Partial<LoopFacts>;
  readonly prediction: Prediction | undefined;
}

/** What the text says of all plans together. */
export interface PassCosts {
  readonly options: GivenOptions | undefined;
  readonly service: string;
  readonly waiters: number;
  /** Doorbells with more than one barrier: CPUs that are known to wait at the same time. */
  readonly severalWaits: number;
  /** Set where the recording does not say who waits: the reading that was used. */
  readonly assumed: string | undefined;
  readonly negativeThinks: number;
  readonly foreignRows: number;
  /** Why the guest's waits are unknown, where they are: no stall, no guest time, no verdict. */
  readonly unknown?: string;
}

export interface Pass {
  readonly plans: readonly Planned[];
  readonly costs: PassCosts;
  readonly synthetic: string | undefined;
}

export function planPass(path: string, chains: readonly StrategyChain[], how: PassOptions): Pass {
  const { dialect, model, flags, terminal } = how;
  using reader = openTrace(path, { words: dialect.readsWords });
  const { header } = reader;
  refuseUnknownWaits(path, header, chains);
  const unknown = unknownWaits(header);
  for (const step of clockStepTexts(header)) terminal.warn(step);
  const waiters = waiterNumbers(
    header,
    flags.streamWaiters === undefined ? 1 : parseCount(flags.streamWaiters, '--stream-waiters'),
  );
  const rows = new LoopRowSource(dialect, waiters);
  const submissions = new Submissions();
  const checks = flags.openLoop ? new OpenLoopChecks(chains) : undefined;
  function* watched(): Generator<EventBatch> {
    for (const batch of reader.batches()) {
      const taken = rows.take(batch);
      if (checks === undefined) submissions.push(taken);
      else checks.take(taken);
      yield batch;
    }
  }
  try {
    // What holds is decided in the loop: of its plan on recorded times only what the rows say counts.
    const isSimulated = checks === undefined && unknown === undefined;
    const isPlanned = chains.map((chain) => !isSimulated || !holds(chain.grouping));
    const plannedChains = chains.filter((_, i) => isPlanned[i]);
    const rowsOnly = plannedChains.length === 0 ? [parseChain('none')] : plannedChains;
    const wanted = rowsOnly.map((chain, i) => ({ chain, sink: checks?.sink(i) }));
    const facts = planEach(watched(), wanted, dialect);
    let next = 0;
    const planned = chains.map((chain, i): PlanFacts =>
      isPlanned[i]
        ? facts[next++]
        : { ...facts[0], strategy: chain.text, parameters: chain.parameters },
    );
    if (reader.end?.state === 'cut') {
      terminal.warn(
        `${path}: ends inside a batch; planned the ${formatCount(reader.end.events)} events before it`,
      );
    }
    submissions.end();
    const base = {
      waiters: submissions.waiters.length,
      severalWaits: submissions.severalWaits,
      negativeThinks: submissions.negativeThinks,
      foreignRows: submissions.foreignRows,
      assumed: waiters.assumed,
    };
    const { synthetic } = header;
    if (unknown !== undefined) {
      const plans = planned.map((plan) => ({
        facts: { ...plan, verdict: verdictOf(plan.verdict, header) },
        prediction: undefined,
      }));
      return { plans, costs: { ...base, options: undefined, service: '', unknown }, synthetic };
    }
    if (checks !== undefined) {
      const plans = planned.map((plan, i) => ({
        facts: { ...plan, pacing: 'recorded' as const, possible: checks.possible(i) },
        prediction: undefined,
      }));
      return { plans, costs: { ...base, options: undefined, service: '' }, synthetic };
    }
    const groupings = chains.map((chain) => chain.grouping);
    const options = loopOptions(flags, header.iommu.family, groupings);
    const service =
      model === undefined
        ? openService(flags.service ?? DEFAULT_SERVICE, dialect)
        : fittedService(model);
    const plans = chains.map((chain, i) => {
      const predictor = model === undefined ? undefined : new Predictor();
      const run = runLoop(chain, {
        submissions,
        options,
        service,
        dialect,
        rules: {
          mapsTrap: dialect.form.kind === 'map-unmap',
          extraPagesDestroy: dialect.form.kind === 'map-unmap',
        },
        watch: predictor,
      });
      const of = { waiters: base.waiters, serial: options.serial, service: service.text };
      return { facts: loopFacts(planned[i], run, of), prediction: predictor?.end(run.totals) };
    });
    return { plans, costs: { ...base, options, service: service.text }, synthetic };
  } finally {
    submissions.close();
  }
}
