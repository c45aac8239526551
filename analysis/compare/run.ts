// Replays the strategies of a comparison: every repeat is a round of all of them in random order, so that
// a drifting host hits all alike. Every sample is kept as a result file.

import { randomUUID } from 'node:crypto';

import {
  Random,
  shuffled,
  type Interrupt,
  type OutputFolder,
  type Terminal,
} from '../../collector/base/index.ts';
import { Lanes } from '../../replayer/loop/lanes.ts';
import type { ClassWish } from '../../replayer/loop/thread-class.ts';
import type { Issuer } from '../../replayer/issuers/index.ts';
import type { Pace } from '../../replayer/cli/pacing-flags.ts';
import { writeResult } from '../../replayer/result/file.ts';
import { planReplays, type ReplayLoopFlags } from '../../replayer/cli/replay-plan.ts';
import { stepsDigest } from '../../replayer/planner/index.ts';
import { holds } from '../../replayer/strategies/grouping.ts';
import { replay, type PlannedTrace } from '../../replayer/result/replay.ts';
import type { Dialect } from '../../replayer/dialects/index.ts';
import type { StrategyChain } from '../../replayer/strategies/chain.ts';

export interface ComparisonOptions {
  readonly recording: string;
  readonly chains: readonly StrategyChain[];
  readonly dialect: Dialect;
  readonly issuer: Issuer;
  readonly device: string | undefined;
  readonly pace: Pace;
  readonly loopFlags: ReplayLoopFlags;
  readonly cpus?: readonly number[];
  readonly class: ClassWish;
  readonly repeats: number;
  readonly seed: number;
  /** Result files go here; it is made where it is missing. */
  readonly folder: OutputFolder;
  readonly interrupt: Interrupt;
  readonly terminal: Terminal;
}

export interface ComparisonRuns {
  readonly planned: readonly PlannedTrace[];
  readonly comparisonId: string;
  readonly files: readonly string[];
  /** Rounds in which every strategy ran to its end. */
  readonly wholeRounds: number;
  readonly interrupted: boolean;
}

/** What is replayed once per round. */
export interface ComparisonArm {
  readonly planned: PlannedTrace;
  /** 1 for the second arm of the baseline. */
  readonly arm: number;
  readonly sameAs: readonly string[];
}

/**
 * Plans that fix every step and agree in all of them are one arm (design 12). The baseline is replayed as two
 * arms where there is anything to compare it with: their difference is what chance alone does here.
 */
export function armsOf(planned: readonly PlannedTrace[]): readonly ComparisonArm[] {
  const groups = new Map<string, PlannedTrace[]>();
  for (const one of planned) {
    const { plan } = one;
    const isFixed = plan.chain.online === undefined && !holds(plan.chain.grouping);
    const key = isFixed ? stepsDigest(plan) : plan.facts.strategy;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [one]);
    else group.push(one);
  }
  const arms = [...groups.values()].map(([first, ...same]) => ({
    planned: first,
    arm: 0,
    sameAs: same.map(({ plan }) => plan.facts.strategy),
  }));
  return arms.length < 2 ? arms : [arms[0], { ...arms[0], arm: 1 }, ...arms.slice(1)];
}

/** Plans everything first (a broken plan stops it before anything is issued), then replays. */
export async function runComparison(options: ComparisonOptions): Promise<ComparisonRuns> {
  const { terminal } = options;
  options.folder.make('Nothing was issued.');
  const { recording, chains, dialect, pace } = options;
  const planned = planReplays(recording, chains, dialect, pace, options.loopFlags);
  const arms = armsOf(planned);
  const comparisonId = randomUUID();
  const random = new Random(options.seed);
  const files: string[] = [];
  const progress = terminal.progress('replaying', arms.length * options.repeats);
  let wholeRounds = 0;
  const lanes = new Lanes({ cpus: options.cpus, class: options.class });
  try {
    for (let repeat = 0; repeat < options.repeats && !options.interrupt.requested; repeat++) {
      let whole = true;
      for (const one of shuffled(arms, random)) {
        progress.update(
          files.length,
          `round ${repeat + 1} of ${options.repeats}: ${one.planned.plan.facts.strategy}`,
        );
        const path = await replayOnce(one, repeat, comparisonId, options, lanes);
        if (path === undefined) {
          whole = false;
          break;
        }
        files.push(path);
      }
      if (whole) wholeRounds++;
    }
  } finally {
    progress.stop();
    await lanes.close();
  }
  return { planned, comparisonId, files, wholeRounds, interrupted: options.interrupt.requested };
}

async function replayOnce(
  { planned, arm, sameAs }: ComparisonArm,
  repeat: number,
  comparisonId: string,
  options: ComparisonOptions,
  lanes: Lanes,
): Promise<string | undefined> {
  const result = await replay(planned, {
    issuer: options.issuer,
    issuerOptions: { device: options.device },
    pacing: options.pace.pacing,
    passes: options.pace.passes,
    ...(options.pace.maxGapNs === undefined ? {} : { maxGapNs: options.pace.maxGapNs }),
    lanes,
    stopOnError: false,
    comparisonId,
    repeat,
    arm,
    sameAs,
    interrupt: options.interrupt,
    progress: { update: () => undefined, stop: () => undefined },
  });
  // A run that was cut short is not comparable; what it measured is not mixed with whole runs.
  if (result.header.interrupted) return undefined;
  const strategy =
    planned.plan.facts.strategy.replace(/[^\w.=-]+/g, '_') + (arm === 0 ? '' : '-again');
  const output = options.folder.file(`${String(repeat).padStart(3, '0')}-${strategy}.arrow`);
  writeResult(output, result.header, result.streams);
  return output.path;
}
