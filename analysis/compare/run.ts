// Replays the strategies of a comparison: every repeat is a round of all of them in random order, so that
// a drifting host hits all alike. Every sample is kept as a result file.

import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';

import {
  Random,
  ToolError,
  formatCount,
  formatDuration,
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
import { refuseNarrowed } from '../../replayer/planner/index.ts';
import { replay, type PlannedTrace } from '../../replayer/result/replay.ts';
import type { Dialect } from '../../replayer/dialects/index.ts';
import type { StrategyChain } from '../../replayer/strategies/chain.ts';
import { sameKey } from './same-plans.ts';
import { Rounds, type ArmValue, type RoundRules } from './rounds.ts';

export interface ComparisonOptions {
  readonly recording: string;
  readonly chains: readonly StrategyChain[];
  readonly dialect: Dialect;
  readonly issuer: Issuer;
  readonly device: string | undefined;
  readonly pace: Pace;
  readonly loopFlags: ReplayLoopFlags;
  readonly cpus?: readonly number[];
  /** Replay although the dialect leaves pages out. */
  readonly allowNarrowed: boolean;
  readonly class: ClassWish;
  readonly rules: RoundRules;
  /** A shell command to run before each replay. */
  readonly prepare?: string | undefined;
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
    const key = sameKey(one);
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
  for (const { plan } of planned) refuseNarrowed(plan.facts, options.allowNarrowed);
  const arms = armsOf(planned);
  const comparisonId = randomUUID();
  const random = new Random(options.seed);
  const files: string[] = [];
  const rounds = new Rounds(options.rules, arms.length);
  terminal.story(planText(arms, rounds.most, options));
  const progress = terminal.progress('replaying', arms.length * rounds.most);
  const started = process.hrtime.bigint();
  let wholeRounds = 0;
  const lanes = new Lanes({ cpus: options.cpus, class: options.class });
  try {
    for (let repeat = 0; !options.interrupt.requested; repeat++) {
      const reason = rounds.stop(Number(process.hrtime.bigint() - started));
      if (reason !== undefined) {
        if (repeat < rounds.most) terminal.story(`stopping after ${repeat} rounds: ${reason}`);
        break;
      }
      const values: ArmValue[] = [];
      for (const index of shuffled([...arms.keys()], random)) {
        const one = arms[index];
        if (options.prepare !== undefined) prepare(options.prepare);
        progress.update(
          files.length,
          `round ${repeat + 1} of ${rounds.most}: ${one.planned.plan.facts.strategy}`,
        );
        const done = await replayOnce(one, repeat, comparisonId, options, lanes, rounds.looksFrom);
        if (done === undefined) break;
        files.push(done.path);
        values.push({ arm: index, value: done.value });
      }
      if (values.length < arms.length) break;
      rounds.add(values);
      wholeRounds++;
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
  looksFrom: number | undefined,
): Promise<{ readonly path: string; readonly value: number } | undefined> {
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
    looksFrom,
    interrupt: options.interrupt,
    progress: { update: () => undefined, stop: () => undefined },
  });
  // A run that was cut short is not comparable; what it measured is not mixed with whole runs.
  if (result.header.interrupted) return undefined;
  const strategy =
    planned.plan.facts.strategy.replace(/[^\w.=-]+/g, '_') + (arm === 0 ? '' : '-again');
  const output = options.folder.file(`${String(repeat).padStart(3, '0')}-${strategy}.arrow`);
  writeResult(output, result.header, result.streams);
  const { stall_total_ns: stall, service_total_ns: service } = result.header.summary;
  // What decides: stall, or time in ioctls for a recording without barriers.
  const value = typeof stall === 'number' && stall > 0 ? stall : service;
  return { path: output.path, value };
}

/** Starting threads, measuring the noise floor and writing the result. */
const OVERHEAD_NS = 1.5e9;

/** How many replays there will be at the most, and for how long. */
function planText(
  arms: readonly ComparisonArm[],
  rounds: number,
  { pace }: ComparisonOptions,
): string {
  const replays = arms.length * rounds;
  const { pacing, passes } = pace;
  const spanOf = ({ planned }: ComparisonArm): number =>
    Math.max(
      0,
      ...planned.plan.streams.map(({ steps }) =>
        steps.steps === 0 ? 0 : steps.dueNs[steps.steps - 1] - steps.dueNs[0],
      ),
    );
  const perRound = arms.reduce((sum, arm) => sum + spanOf(arm) * passes, 0);
  const long =
    'speed' in pacing
      ? `, about ${formatDuration(rounds * (perRound / pacing.speed + arms.length * OVERHEAD_NS))}`
      : '';
  const same = arms.flatMap(({ planned, arm, sameAs }) =>
    (arm === 0 ? sameAs : []).map(
      (name) => `${name} plans the same as ${planned.plan.facts.strategy}`,
    ),
  );
  return [
    rounds === Number.MAX_SAFE_INTEGER
      ? `${formatCount(arms.length)} arms, rounds until the wanted difference would be found`
      : `${formatCount(arms.length)} arms × ${formatCount(rounds)} rounds: ${formatCount(replays)} replays at the most${long}`,
    ...same,
  ].join('; ');
}

function prepare(command: string): void {
  const { status, signal } = spawnSync(command, {
    shell: true,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status === 0) return;
  throw new ToolError(
    'E_PREPARE',
    `--prepare: '${command}' ended with ${status === null ? String(signal) : `exit code ${status}`}. The replay after it was not made; earlier results are kept.`,
  );
}
