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
import { planRecordings, replay, type PlannedTrace } from '../../replayer/result/replay.ts';
import type { Dialect } from '../../replayer/dialects/index.ts';
import type { StrategyChain } from '../../replayer/strategies/chain.ts';

export interface ComparisonOptions {
  readonly recording: string;
  readonly chains: readonly StrategyChain[];
  readonly dialect: Dialect;
  readonly issuer: Issuer;
  readonly device: string | undefined;
  readonly pace: Pace;
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

/** Plans everything first (a broken plan stops it before anything is issued), then replays. */
export async function runComparison(options: ComparisonOptions): Promise<ComparisonRuns> {
  const { terminal } = options;
  options.folder.make('Nothing was issued.');
  const { recording, chains, dialect, pace } = options;
  const planned = planRecordings(recording, chains, dialect, pace.cut);
  const comparisonId = randomUUID();
  const random = new Random(options.seed);
  const files: string[] = [];
  const progress = terminal.progress('replaying', planned.length * options.repeats);
  let wholeRounds = 0;
  const lanes = new Lanes({ cpus: options.cpus, class: options.class });
  try {
    for (let repeat = 0; repeat < options.repeats && !options.interrupt.requested; repeat++) {
      let whole = true;
      for (const one of shuffled(planned, random)) {
        progress.update(
          files.length,
          `round ${repeat + 1} of ${options.repeats}: ${one.plan.facts.strategy}`,
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
  planned: PlannedTrace,
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
    interrupt: options.interrupt,
    progress: { update: () => undefined, stop: () => undefined },
  });
  // A run that was cut short is not comparable; what it measured is not mixed with whole runs.
  if (result.header.interrupted) return undefined;
  const strategy = planned.plan.facts.strategy.replace(/[^\w.=-]+/g, '_');
  const output = options.folder.file(`${String(repeat).padStart(3, '0')}-${strategy}.arrow`);
  writeResult(output, result.header, result.streams);
  return output.path;
}
